import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cgroupFolders } from './cgroups.ts'
import { config } from './config.ts'
import { withLock } from './lock.ts'
import { isAlive, type ProcessIdentity } from './processes.ts'
import { RunState } from './run-state.ts'
import { until } from './until.ts'

const isRoot = process.getuid?.() === 0
const uniqueName = (purpose: string) => `test-${purpose}-${process.pid}`

/** Another process with a run of its own, which holds one process (as root with cgroup and namespace). */
async function startOwner(name: string): Promise<{ owner: ReturnType<typeof spawn>; held: ProcessIdentity }> {
  const script = `
    const { RunState } = await import('./run-state.ts')
    const { createPlace, spawnAt } = await import('./place.ts')
    const { identify } = await import('./processes.ts')
    const state = await RunState.open(${JSON.stringify(name)})
    const pid = ${isRoot}
      ? (await createPlace(state, 'place', ['--net', '--mount'])).holder.pid
      : spawnAt({ state }, ['sleep', 'infinity'], '/dev/null').pid
    console.log(JSON.stringify(identify(pid)))
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(owner.stdout, 'data')
  return { owner, held: JSON.parse(String(line)) }
}

async function assertGone(name: string, held: ProcessIdentity): Promise<void> {
  assert.equal(isAlive(held), false)
  assert.deepEqual(cgroupFolders(`/aitia-cluster-${name}`).filter(existsSync), [])
}

test('a run ends with the signal that ends its owner', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const name = uniqueName('signal')
    const { owner, held } = await startOwner(name)
    owner.kill(signal)
    const [, endedBy] = await once(owner, 'exit')
    assert.equal(endedBy, signal)
    await assertGone(name, held)
  }
})

test('what a killed owner left is removed by whoever starts next; a live run is left alone', async () => {
  const [crashed, live, next] = ['crashed', 'live', 'next'].map(uniqueName) as [string, string, string]
  const first = await startOwner(crashed)
  const second = await startOwner(live)
  // While no other run on this machine can start, which would remove it.
  await withLock(join(config.stateFolder, 'lock'), async () => {
    first.owner.kill('SIGKILL')
    await once(first.owner, 'exit')
    assert.equal(isAlive(first.held), true)
  })

  const state = await RunState.open(next)
  await assertGone(crashed, first.held)
  assert.equal(isAlive(second.held), true)
  await assert.rejects(RunState.open(live), /runs already/)
  state.end()
  assert.equal(existsSync(state.folder), false)

  await RunState.remove(live)
  await assertGone(live, second.held)
  second.owner.kill('SIGKILL')
  await until('the owner to end', 5, async () => second.owner.signalCode !== null)
})

test('a name that would not do as folder and cgroup is refused', async () => {
  await assert.rejects(RunState.open(join('..', 'etc')), /1 to 31 of a-z, 0-9 and -, got "..\/etc"/)
})
