import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObjectRef } from '../../../graph/model/observation.ts'
import type { NameRef } from './kind.ts'
import { Names } from './names.ts'

const n1: NameRef = { kind: 'Node', namespace: '', name: 'n1' }
const node = (key: string): ObjectRef => ({ kind: 'Node', key, name: 'n1' })

test('a name means its object, then the last that had it, and nothing once nobody refers to it', () => {
  let there: ObjectRef | undefined
  const names = new Names(() => there)
  const placeholder = { kind: 'Node', key: 'missing/Node//n1', name: 'n1', missing: true }
  names.refers('pod', [n1], [])
  assert.deepEqual(names.resolve(n1), placeholder)
  there = node('one')
  assert.equal(names.resolve(n1).key, 'one')
  there = undefined
  assert.equal(names.resolve(n1).key, 'one')
  there = node('two')
  assert.equal(names.resolve(n1).key, 'two')
  names.refers('pod', [], [n1])
  there = undefined
  assert.deepEqual(names.resolve(n1), placeholder)
})

test('a placeholder says its namespace', () => {
  const names = new Names(() => undefined)
  const { key, namespace } = names.resolve({ kind: 'Service', namespace: 'shop', name: 'web' })
  assert.deepEqual([key, namespace], ['missing/Service/shop/web', 'shop'])
})

test('workloads of one name are told apart by their kind', () => {
  const shop = { kind: 'Workload', namespace: 'shop', name: 'web' } as const
  const names = new Names(({ workloadKind }) =>
    workloadKind === 'Job'
      ? undefined
      : { kind: 'Workload', key: workloadKind!, name: 'web', workloadKind: workloadKind! },
  )
  const kinds = ['Deployment', 'StatefulSet', 'Job']
  for (const workloadKind of kinds) names.refers(workloadKind, [{ ...shop, workloadKind }], [])
  const found = kinds.map((workloadKind) => names.resolve({ ...shop, workloadKind }))
  assert.deepEqual(
    found.map(({ key, workloadKind }) => [key, workloadKind]),
    [
      ['Deployment', 'Deployment'],
      ['StatefulSet', 'StatefulSet'],
      ['missing/Job/shop/web', 'Job'],
    ],
  )
  assert.deepEqual([...names.declarers({ ...shop, workloadKind: 'StatefulSet' })], ['StatefulSet'])
})

test('those who refer to a name are known until they refer to another', () => {
  const names = new Names(() => undefined)
  const n2 = { ...n1, name: 'n2' }
  names.refers('a', [n1], [])
  names.refers('b', [n1], [])
  names.refers('a', [n2], [n1])
  assert.deepEqual([[...names.declarers(n1)], [...names.declarers(n2)]], [['b'], ['a']])
})
