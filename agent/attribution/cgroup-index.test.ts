/** On the real hierarchy of this machine; the file of an agent that was killed included. */
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Cgroup } from '../native/testing/cgroup.ts'
import { skip } from '../native/testing/recorder.ts'
import { CgroupIndex, fileOfBoot, findHierarchy } from './cgroup-index.ts'

const ID = '3b2f1c0d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef'
const UID = '8dbc5577-d0e2-4706-8787-57d52c03ddf2'

const fileFor = (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'cgroups.jsonl')
}

test('the hierarchy is that of the memory controller, else the unified one', () => {
  const unified = '30 29 0:26 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw'
  const cpu = '31 29 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu'
  const memory = '32 29 0:28 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory'
  assert.equal(findHierarchy([unified, cpu, memory].join('\n')), '/sys/fs/cgroup/memory')
  assert.equal(findHierarchy([cpu, unified].join('\n')), '/sys/fs/cgroup/unified')
  assert.throws(() => findHierarchy(cpu), /no cgroup hierarchy/)
})

test('a walk knows what was there before, also what no record told of', { skip }, (t) => {
  const pod = new Cgroup(t, { parent: new Cgroup(t), name: `pod${UID}` })
  const before = new Cgroup(t, { parent: pod, name: ID })
  const index = new CgroupIndex()
  index.walk()
  assert.deepEqual(index.get(before.id)?.place, { containerId: ID, podUid: UID })
  assert.deepEqual(index.get(pod.id)?.place, { podUid: UID })
  const later = new Cgroup(t, { parent: pod, name: `crio-${ID}` })
  assert.equal(index.get(later.id), undefined, 'it is not walked again at once, for a record of an id that nobody has')
})

test('what belongs to a pod outlives the agent, its end included; other cgroups are not noted', { skip }, async (t) => {
  const file = fileFor(t)
  const root = new Cgroup(t)
  const pod = new Cgroup(t, { parent: root, name: `pod${UID}` })
  const container = new Cgroup(t, { parent: pod, name: ID })
  const { id } = container
  const first = new CgroupIndex({ file })
  first.walk()
  first.compact()
  appendFileSync(file, '{"id": 12, "pa') // killed while it wrote
  await container.remove()

  const second = new CgroupIndex({ file })
  second.walk()
  second.compact()
  assert.deepEqual(second.get(id)?.place, { containerId: ID, podUid: UID })
  assert.ok(!readFileSync(file, 'utf8').includes(`"${root.name}"`))

  // the records of the gap may still be unread when the second is killed too; not when the third is
  const third = new CgroupIndex({ file })
  assert.deepEqual(third.get(id)?.place, { containerId: ID, podUid: UID })
  third.compact()
  assert.equal(new CgroupIndex({ file }).get(id), undefined)
})

test('what the runtime told is kept where the record of a cgroup is read once more', (t) => {
  const file = fileFor(t)
  const path = `/kubepods/pod${UID}/${ID}`
  const runtime = { sandbox: false, containerName: 'app', podName: 'checkout-1', namespace: 'shop' }
  writeFileSync(file, `${JSON.stringify({ id: 7, path, runtime })}\n`)
  const index = new CgroupIndex({ file })
  assert.deepEqual(
    index.created(7, path).runtime,
    runtime,
    'the agent before was killed before it had freed the record',
  )
  assert.deepEqual(new CgroupIndex({ file }).get(7)?.runtime, runtime)
  assert.equal(index.created(7, `${path}2`).runtime, undefined, 'another cgroup')
})

test('the file is made anew while it is written to: it grows with what is there, not with time', { skip }, (t) => {
  const file = fileFor(t)
  const index = new CgroupIndex({ file })
  for (let id = 1; id <= 30_000; id++) {
    index.created(id, `/kubepods/pod${UID}/${id.toString(16).padStart(64, '0')}`)
    if (id % 2 === 0) index.removed(id - 1)
  }
  const lines = readFileSync(file, 'utf8').trim().split('\n').length
  assert.ok(lines < 40_000, `${lines} lines for 30000 cgroups, half of them ended`)
  const next = new CgroupIndex({ file })
  for (let id = 2; id <= 30_000; id += 2) assert.ok(next.get(id), `${id} is there and not known`)
  assert.ok(next.get(29_999), 'what ended a moment ago is still known')
  assert.equal(index.unsaved, 0)
})

test("files of other boots are removed, others' files are not", (t) => {
  const folder = dirname(fileFor(t))
  for (const name of ['cgroups-a.jsonl', 'cgroups-b.jsonl', 'state.json']) writeFileSync(join(folder, name), '')
  assert.equal(fileOfBoot(folder, 'b'), join(folder, 'cgroups-b.jsonl'))
  assert.deepEqual(readdirSync(folder), ['cgroups-b.jsonl', 'state.json'])
})
