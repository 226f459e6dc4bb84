import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadModel } from '../model.ts'
import { hooksOf, programsAt } from './programs.ts'

test('the hooks of each kernel event are those of programs', async () => {
  const { events } = await loadModel()
  for (const kind of events.filter(({ wire }) => wire !== undefined)) {
    assert.notDeepEqual(hooksOf(kind), [], kind.name)
    for (const hook of hooksOf(kind)) assert.notDeepEqual(programsAt(hook), [], `${kind.name}: ${hook}`)
  }
})

test('a program is found by its section, and by its name where the agent calls it', () => {
  assert.deepEqual(programsAt('tp_btf/mark_victim'), ['bpf/oom.bpf.c'])
  assert.deepEqual(programsAt('raw_tp/flush_memory_pressure'), ['bpf/pressure.bpf.c'])
  assert.deepEqual(programsAt('tp_btf/no_such_hook'), [])
})
