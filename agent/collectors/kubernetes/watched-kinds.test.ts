import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { EVENTS } from '../../../graph/model/generated/registry.ts'
import { covers, nameOf } from './kind.ts'
import { workloadKind } from './kinds/workload.ts'
import { watchedKinds } from './watched-kinds.ts'

test('each file of kinds/ is watched, and nothing twice', () => {
  const paths = watchedKinds.map(({ path }) => path)
  assert.ok(paths.length >= readdirSync(join(import.meta.dirname, 'kinds')).length)
  assert.equal(new Set(paths).size, paths.length)
  assert.ok(paths.includes('/apis/batch/v1/cronjobs') && paths.includes('/api/v1/pods'))
})

test('each kind of event of this collector is told by some kind of object', () => {
  const told = new Set(watchedKinds.flatMap(({ tells = [] }) => tells))
  const own = Object.values(EVENTS).filter(({ collector }) => collector === 'kubernetes')
  assert.deepEqual([...told].sort(), own.map(({ name }) => name).sort())
})

test('the watermark waits for what tells events, but not for Events, whose absence proves nothing, nor for custom kinds', () => {
  const workloads = ['cronjobs.batch', 'daemonsets.apps', 'deployments.apps', 'jobs.batch', 'replicasets.apps']
  const waited = [
    ...workloads,
    'statefulsets.apps',
    'configmaps',
    'endpointslices.discovery.k8s.io',
    'nodes',
    'pods',
    'secrets',
    'services',
  ].sort()
  assert.deepEqual(watchedKinds.filter(covers).map(nameOf).sort(), waited)
  assert.equal(covers(workloadKind('/apis/argoproj.io/v1alpha1/rollouts', 'Rollout')), false)
})
