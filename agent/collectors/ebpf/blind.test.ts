/** Event kinds and kernel programs find each other by the model's `hook` alone: on the real kernel. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kernel } from '../../native/native.ts'
import { built, OBJECTS, skip } from '../../native/testing/recorder.ts'
import { blindOf, hooksOf, KINDS, kindsOf } from './blind.ts'

const programsOf = (objects: readonly string[]) => {
  const kernel = new Kernel({ objects })
  kernel.close()
  return kernel.programs
}

test('every hook of a kind is that of a program, and only what serves attribution or another program tells no kind', {
  skip,
}, () => {
  const programs = programsOf(OBJECTS)
  const places = programs.flatMap(({ section, name }) => [section, `${section}/${name}`])
  for (const kind of KINDS) {
    assert.ok(hooksOf(kind).length > 0, kind)
    for (const hook of hooksOf(kind)) assert.ok(places.includes(hook), `${kind}: no program at ${hook}`)
  }
  const silent = programs.filter((program) => kindsOf(program).length === 0).map(({ name }) => name)
  assert.deepEqual(silent.sort(), ['cgroup_created', 'cgroup_removed', 'direct_reclaim_end'])
  assert.deepEqual(blindOf(programs), [])
})

test('a refused program makes blind for what hangs on its hook', { skip }, () => {
  assert.deepEqual(blindOf(programsOf([...OBJECTS, built('refused.bpf.o')])), ['process-exec'])
  const programs = programsOf(OBJECTS)
  const blindWithout = (name: string) =>
    blindOf(programs.map((program) => (program.name === name ? { ...program, state: 'refused' as const } : program)))
  assert.deepEqual(blindWithout('kernel_kill'), ['oom-kill'])
  assert.deepEqual(blindWithout('cgroup_created'), KINDS, 'nobody knows whose it is what happens in new cgroups')
  assert.deepEqual(blindWithout('cgroup_removed'), [])
  assert.deepEqual(blindWithout('direct_reclaim_end'), [], 'the kill is told all the same')
})
