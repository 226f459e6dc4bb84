/** The records of an object are compared with the model before its programs are loaded. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadModel, type Model } from '../../graph/model/generate/model.ts'
import generateWire from '../../graph/model/generate/wire.ts'
import { Kernel } from './native.ts'

const BPF = join(import.meta.dirname, '../../bpf')

/** The object of the process programs, built from a model. */
const builtFrom = (t: TestContext, model: Model): string => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  cpSync(BPF, folder, { recursive: true, filter: (path) => basename(path) !== 'build' })
  for (const { path, text } of generateWire(model))
    if (path.startsWith('bpf/')) writeFileSync(join(folder, path.slice('bpf/'.length)), text)
  const made = spawnSync('make', ['-C', folder, 'build/process.bpf.o'], { encoding: 'utf8' })
  assert.equal(made.status, 0, made.stderr)
  return join(folder, 'build/process.bpf.o')
}

test('an object that was built from another model is refused with what differs', async (t) => {
  const model = await loadModel()
  const longer = model.events.map((kind) =>
    kind.name === 'process-exit' ? { ...kind, wire: { core: { type: 'u64', doc: '' } as const, ...kind.wire } } : kind,
  )
  assert.throws(
    () => new Kernel({ objects: [builtFrom(t, { ...model, events: longer })] }),
    /process\.bpf\.o was built from another model \(aitia_process_exit: 80 bytes, expected 72 bytes\): run `make -C bpf`/,
  )
  const signed = model.events.map((kind) =>
    kind.name === 'process-exit'
      ? { ...kind, wire: { ...kind.wire, exitCode: { type: 'u32', doc: '' } as const } }
      : kind,
  )
  assert.throws(
    () => new Kernel({ objects: [builtFrom(t, { ...model, events: signed })] }),
    /\(aitia_process_exit\.exit_code: __u32 at 48, expected __s32 at 48\)/,
  )
  const records = [{ name: 'bind', doc: '', wire: {} }, ...model.records]
  assert.throws(
    () => new Kernel({ objects: [builtFrom(t, { ...model, records })] }),
    /\(AITIA_KIND_CGROUP_CREATED: 2, expected 1\)/,
  )
})
