/** What only cgroup v2 does and what only a machine of its own may: kills of whole cgroups, and of the machine's processes. */
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ended } from '../../native/testing/cgroup.ts'
import { skip } from '../../native/testing/recorder.ts'
import { Harness, TestContainer, temporaryFolder } from './testing/harness.ts'

const MIB = 1024 * 1024
const CONTROLLERS = '/sys/fs/cgroup/cgroup.controllers'
/** What test/vm gives to its machine alone. */
const THROW_AWAY = '/run/aitia-vm'

test('a container that is killed as a whole is one event with all its victims, told by the programs or by the log', {
  skip: skip || (!existsSync(CONTROLLERS) && `needs ${CONTROLLERS}: cgroup v2, which kills a cgroup as a whole`),
}, async (t) => {
  const dataDir = temporaryFolder()
  const kill = async () => {
    const container = new TestContainer(t)
    container.pod.limit(96 * MIB)
    container.cgroup.limit(64 * MIB)
    writeFileSync(join(container.cgroup.folder, 'memory.oom.group'), '1')
    await ended(container.cgroup.spawn('sleep 1000000 & sleep 1000000 & tail /dev/zero', { unshare: true }))
    return container
  }
  const told = async (harness: Harness, { id, podUid }: TestContainer) => {
    const { fields, pod } = await harness.event('oom-kill', id)
    assert.equal(harness.events('oom-kill', ({ object }) => object.key === id).length, 1)
    assert.equal(pod?.key, podUid)
    assert.deepEqual([...fields.victimCommands].sort(), ['sh', 'sleep', 'sleep', 'tail'])
    const { global, limitBytes, limitOf, oomGroup, triggerCommand } = fields
    assert.deepEqual(
      { global, limitBytes, limitOf, oomGroup, triggerCommand },
      { global: false, limitBytes: 64 * MIB, limitOf: 'container', oomGroup: true, triggerCommand: 'tail' },
    )
    return fields
  }
  const first = new Harness(t, { dataDir, pinning: null })
  const seen = await told(first, await kill())
  assert.equal(seen.firstProcessKilled, true)
  assert.ok(seen.victimNsPids.includes(1))
  await sleep(1_100)
  await first.collector.stop()
  const missed = await kill()
  await told(new Harness(t, { dataDir, pinning: null }), missed)
})

test('a container that is killed since the machine has no memory is a victim of that, told by the programs or by the log', {
  skip:
    skip || (!existsSync(THROW_AWAY) && `needs ${THROW_AWAY}: a machine that may run out of memory, which test:vm has`),
}, async (t) => {
  const dataDir = temporaryFolder()
  const kill = async () => {
    const container = new TestContainer(t)
    // More than there is; without any limit it would have no memory controller, and its memory were that of all pods.
    container.cgroup.limit(2 * totalmem())
    // tail would take minutes for gigabytes where processors are emulated
    const takeAll = `exec dd if=/dev/zero of=/dev/null iflag=fullblock bs=${totalmem() - 16 * MIB}`
    await ended(container.cgroup.spawn(`echo 1000 > /proc/self/oom_score_adj && ${takeAll}`, { unshare: true }))
    return container
  }
  const told = async (harness: Harness, { id, podUid }: TestContainer) => {
    const { fields, pod } = await harness.event('oom-kill', id)
    assert.equal(pod?.key, podUid)
    assert.deepEqual(fields.victimCommands, ['dd'])
    const { global, limitBytes, usageBytes, limitCgroup, limitOf, oomGroup } = fields
    assert.deepEqual(
      { global, limitBytes, usageBytes, limitCgroup, limitOf, oomGroup },
      {
        ...{ global: true, limitBytes: undefined, usageBytes: undefined, limitCgroup: undefined },
        limitOf: undefined,
        oomGroup: false,
      },
    )
  }
  const first = new Harness(t, { dataDir, pinning: null })
  await told(first, await kill())
  await sleep(1_100)
  await first.collector.stop()
  const missed = await kill()
  await told(new Harness(t, { dataDir, pinning: null }), missed)
})
