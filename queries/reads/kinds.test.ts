import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OBJECTS } from '../../graph/model/generated/registry.ts'
import { kindNamed } from './kinds.ts'

test('kinds as people name them', () => {
  for (const word of ['deploy', 'deployment', 'Deployments'])
    assert.deepEqual(kindNamed(word), { label: 'Workload', workloadKind: 'Deployment', builtIn: true }, word)
  for (const word of ['cj', 'cronjobs']) assert.equal(kindNamed(word).workloadKind, 'CronJob', word)
  for (const word of ['svc', 'Service', 'services']) assert.equal(kindNamed(word).label, 'Service', word)
  assert.equal(kindNamed('addresses').label, 'Address')
  assert.deepEqual(kindNamed('workload'), { label: 'Workload', workloadKind: null, builtIn: true })
  assert.deepEqual(kindNamed('Rollout'), { label: 'Workload', workloadKind: 'Rollout', builtIn: false })
})

test('every kind of the model is known by its name, and each workload by its own', () => {
  for (const { name, alsoLabelled = [] } of Object.values(OBJECTS)) {
    assert.equal(kindNamed(name).label, name)
    for (const kind of alsoLabelled)
      assert.deepEqual(kindNamed(`${kind}s`), { label: name, workloadKind: kind, builtIn: true })
  }
})
