import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObjectRef } from '../../../graph/model/observation.ts'
import type { Change } from '../../reflector/handler.ts'
import { defineKind, type NameRef, type Trimmed } from './kind.ts'
import { Names } from './names.ts'

/** Every kind is watched. */
const all = () => true
const n1: NameRef = { kind: 'Node', namespace: '', name: 'n1' }
const node = (key: string): ObjectRef => ({ kind: 'Node', key, name: 'n1' })

/** UIDs of those who are looked at again when an object of a workload's kind, or another, appears, changes or goes. */
const dependents = (names: Names, ref: ObjectRef, type: 'appears' | 'changes' | 'goes' = 'appears'): string[] => {
  const object: Trimmed = { uid: ref.key, createdAt: 0, version: 0, ref }
  const change: Change<Trimmed> = {
    type: type === 'goes' ? 'deleted' : 'present',
    object,
    ...{ uid: ref.key, observedAt: 0, resourceVersion: '1' },
  }
  const { kind, workloadKind } = ref
  const watched = defineKind({ path: '', object: kind, ...(workloadKind && { workloadKind }), trim: () => object })
  return [...names.dependents(watched, type === 'appears' ? change : { ...change, previous: object })]
}

test('a name means its object, and where that lasts the last that had it, until nobody refers to it', () => {
  let there: ObjectRef | undefined
  const names = new Names(() => there, all)
  const placeholder = { kind: 'Node', key: 'missing/Node//n1', name: 'n1', missing: true }
  names.refers('pod', [n1], [])
  assert.deepEqual(names.resolve(n1), placeholder)
  there = node('one')
  assert.equal(names.resolve(n1).key, 'one')
  const lasting: NameRef = { ...n1, lasting: true }
  assert.equal(names.resolve(lasting).key, 'one')
  there = undefined
  assert.equal(names.resolve(lasting).key, 'one')
  assert.deepEqual(names.resolve(n1), placeholder)
  there = node('two')
  assert.equal(names.resolve(lasting).key, 'two')
  names.refers('pod', [], [n1])
  there = undefined
  assert.deepEqual(names.resolve(lasting), placeholder)
})

test('a placeholder says its namespace', () => {
  const names = new Names(() => undefined, all)
  const { key, namespace } = names.resolve({ kind: 'Service', namespace: 'shop', name: 'web' })
  assert.deepEqual([key, namespace], ['missing/Service/shop/web', 'shop'])
})

test('what is not found is missing where its kind is watched, else not watched; who names it is looked at again when that turns', () => {
  const watched = new Set<string>()
  const names = new Names(
    ({ name }) => (name === 'there' ? { kind: 'Secret', key: 's', name } : undefined),
    ({ kind, workloadKind = kind }) => watched.has(workloadKind),
  )
  const secret = (name: string): NameRef => ({ kind: 'Secret', namespace: 'shop', name })
  names.refers('reader', [secret('gone'), n1], [])
  names.refers('other', [secret('there'), { kind: 'Secret', namespace: 'shop' }], [])
  const placeholder = { kind: 'Secret', name: 'gone', namespace: 'shop' }
  const key = (standing: string) => `${standing}/Secret/shop/gone`
  assert.deepEqual(names.resolve(secret('gone')), { ...placeholder, key: key('unwatched'), unwatched: true })
  assert.equal(names.resolve(secret('there')).key, 's')
  watched.add('Secret')
  assert.deepEqual(names.resolve(secret('gone')), { ...placeholder, key: key('missing'), missing: true })
  assert.deepEqual([...names.unresolved({ object: 'Secret' })], ['reader'])
  assert.deepEqual([...names.unresolved({ object: 'ConfigMap' })], [])
  const rollout: NameRef = { kind: 'Workload', workloadKind: 'Rollout', namespace: 'shop', name: 'web' }
  names.refers('scaler', [rollout], [])
  assert.equal(names.resolve(rollout).unwatched, true)
  assert.deepEqual([...names.unresolved({ object: 'Workload', workloadKind: 'Rollout' })], ['scaler'])
})

test('workloads of one name are told apart by their kind', () => {
  const shop = { kind: 'Workload', namespace: 'shop', name: 'web' } as const
  const names = new Names(
    ({ workloadKind }) =>
      workloadKind === 'Job'
        ? undefined
        : { kind: 'Workload', key: workloadKind!, name: 'web', workloadKind: workloadKind! },
    all,
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
  assert.deepEqual(dependents(names, { ...shop, key: 'x', workloadKind: 'StatefulSet' }), ['StatefulSet'])
})

test('those who refer to a name are known until they refer to another', () => {
  const names = new Names(() => undefined, all)
  const n2 = { ...n1, name: 'n2' }
  names.refers('a', [n1], [])
  names.refers('b', [n1], [])
  names.refers('a', [n2], [n1])
  assert.deepEqual([dependents(names, node('x')), dependents(names, { ...node('x'), name: 'n2' })], [['b'], ['a']])
  assert.deepEqual([dependents(names, node('x'), 'changes'), dependents(names, node('x'), 'goes')], [[], ['b']])
})

test('who names a UID that nobody has is looked at again when the object of that name appears: it may be a mirror', () => {
  const there = new Map<string, ObjectRef>()
  const names = new Names(({ uid, name }) => there.get(uid ?? name), all)
  const mirror: NameRef = { kind: 'Pod', namespace: 'shop', name: 'etcd', uid: 'mirror' }
  const other: NameRef = { ...mirror, name: 'web', uid: 'plain' }
  const web: ObjectRef = { kind: 'Pod', key: 'plain', name: 'web', namespace: 'shop' }
  there.set('plain', web)
  names.refers('slice', [mirror, other], [])
  const etcd: ObjectRef = { kind: 'Pod', key: 'hash', name: 'etcd', namespace: 'shop' }
  assert.deepEqual([names.resolve(mirror).key, names.resolve(other).key], ['mirror', 'plain'])
  there.set('mirror', etcd)
  assert.equal(names.resolve(mirror).key, 'hash')
  assert.deepEqual([dependents(names, etcd), dependents(names, web)], [['slice'], []])
  names.refers('slice', [mirror, other], [mirror, other])
  assert.deepEqual(dependents(names, etcd), [], 'it is found now')
})

test('those who look among all of a kind are concerned by each of them, in their namespace', () => {
  const names = new Names(() => undefined, all)
  const policies = { kind: 'NetworkPolicy', namespace: 'shop' } as const
  names.refers('pod', [policies], [])
  const policy: ObjectRef = { kind: 'NetworkPolicy', key: 'p', name: 'deny', namespace: 'shop' }
  for (const type of ['appears', 'changes', 'goes'] as const) assert.deepEqual(dependents(names, policy, type), ['pod'])
  assert.deepEqual(dependents(names, { ...policy, namespace: 'other' }), [])
  names.refers('pod', [], [policies])
  assert.deepEqual(dependents(names, policy), [])
})
