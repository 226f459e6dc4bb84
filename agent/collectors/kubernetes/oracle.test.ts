/**
 * Random histories of objects on a real kube-apiserver: what the collector tells of them, given to the graph in any order and
 * over crashes, equals the brute-force oracle at every instant, as known at every earlier time.
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import fc from 'fast-check'
import { compare } from '../../../graph/ingest/testing/compare.ts'
import { deliver } from '../../../graph/ingest/testing/deliver.ts'
import { deliveriesOf, type Told } from '../../../graph/ingest/testing/history.ts'
import { RELATIONS } from '../../../graph/model/generated/registry.ts'
import type { RelationName } from '../../../graph/model/generated/types.ts'
import type { ObjectRef, Observation, StateObservation } from '../../../graph/model/observation.ts'
import { applySchema, openStore, type Store } from '../../../graph/store/main.ts'
import { controlPlaneUnavailable } from '../../../test/cluster/control-plane.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../../test/support/servers.ts'
import { Api } from './testing/api.ts'
import type { Harness } from './testing/harness.ts'
import { SmallCluster, step } from './testing/small-cluster.ts'
import { watchedKinds } from './watched-kinds.ts'

const RUNS = 2
/** Ways in which each history is given to the graph. */
const WAYS = 2

const watched: ReadonlySet<string | undefined> = new Set(watchedKinds.map(({ object }) => object))
/** Not by a name: OWNS is by UID, and a policy applies by labels. */
const otherwise: ReadonlySet<string> = new Set(['OWNS', 'APPLIES_TO'])
/** What had the name last is meant also when it is gone. */
const lasting: ReadonlySet<RelationName> = new Set(['RUNS_ON', 'SELECTS'])

/** What the API can declare, as the model has it: by whom, between what, and to what is missing. */
const declarable = Object.values(RELATIONS).flatMap(({ name, declaredBy, from, to }) => {
  const declarers = declaredBy.filter((kind) => watched.has(kind))
  if (declarers.length === 0) return []
  const isByName = [...from, ...to].every((kind) => watched.has(kind)) && !otherwise.has(name)
  return [
    ...declarers.map((kind) => `${name} by ${kind}`),
    ...from.map((kind) => `${name} from ${kind}`),
    ...to.map((kind) => `${name} to ${kind}`),
    ...(isByName ? [`${name} of what is missing`] : []),
  ]
})

const declaredIn = ({ object, relations }: StateObservation): string[] =>
  relations.flatMap(({ kind, from = object, to = object }) => [
    ...[`${kind} by ${object.kind}`, `${kind} from ${from.kind}`, `${kind} to ${to.kind}`],
    ...(from.missing || to.missing ? [`${kind} of what is missing`] : []),
  ])

const isState = (one: Observation): one is StateObservation => one.type === 'state'

const nameOf = ({ kind, workloadKind = kind, namespace = '', name }: ObjectRef): string =>
  `${workloadKind} ${namespace}/${name}`

/** Relations of what is there to something else than what has the name, by all that was told. */
const astray = (states: readonly StateObservation[]): string[] => {
  const last = new Map(states.map((state) => [state.object.key, state]))
  const there = [...last.values()].filter(({ deleted }) => !deleted)
  const keys = new Map(there.map(({ object }) => [nameOf(object), object.key]))
  const isRight = (kind: RelationName, end: ObjectRef): boolean => {
    if (!watched.has(end.kind) || kind === 'OWNS') return true
    const key = keys.get(nameOf(end))
    return key === undefined ? end.missing === true || lasting.has(kind) : end.key === key
  }
  return there.flatMap(({ object, relations }) =>
    relations.flatMap(({ kind, from, to }) =>
      [from, to].flatMap((end) =>
        end === undefined || isRight(kind, end) ? [] : `${kind} of ${object.name}: ${JSON.stringify(end)}`,
      ),
    ),
  )
}

/** Those who declare what comes last of a whole cluster, with what they declare in the end. */
const LAST: Readonly<Record<string, RelationName[]>> = {
  'db-0': ['RUNS', 'APPLIES_TO'],
  'db-1': ['RUNS', 'APPLIES_TO'],
  data: ['BOUND_TO', 'USES'],
  front: ['ROUTES_TO'],
  scaler: ['SCALES'],
}

suite('what the collector tells of a real kube-apiserver, in the graph', {
  skip: (await controlPlaneUnavailable()) ?? false,
}, () => {
  let api: Api
  let store: Store
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    // No controller lets go of volumes and claims that are deleted.
    api = await Api.start('--disable-admission-plugins=StorageObjectInUseProtection')
  })
  after(async () => {
    await api?.stop()
    await store.close()
  })

  const untilNamed = (harness: Harness): Promise<void> =>
    harness
      .until('each name to mean what has it', () => astray(harness.emitted.filter(isState)).length === 0)
      .catch(() => assert.deepEqual(astray(harness.emitted.filter(isState)), [], 'each name means what has it'))

  const untilWhole = async (harness: Harness): Promise<void> => {
    for (const [name, kinds] of Object.entries(LAST))
      await harness.until(`all of ${name} to be told`, () => {
        const relations = harness.states(name).at(-1)?.relations ?? []
        return (
          kinds.every((kind) => relations.some((relation) => relation.kind === kind)) &&
          relations.every(({ from, to }) => !from?.missing && !to?.missing)
        )
      })
  }

  test('equals the history, in whatever order it is told', async (t) => {
    let questions = 0
    const declared = new Set<string>()
    const cluster = new SmallCluster(api)
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 14, maxLength: 20, size: 'max' }),
      fc.integer(),
      async (steps, seed) => {
        await cluster.begin()
        const harness = await api.watch(t)
        for (const name of [...Object.keys(LAST), 'db-x']) await harness.state(name)
        for (const each of steps) await cluster.play(each)
        await untilNamed(harness)
        await cluster.complete()
        await untilWhole(harness)
        await untilNamed(harness)
        await harness.stop()
        const told = harness.emitted.filter((one): one is Told => one.type === 'event' || one.type === 'state')
        for (const each of told.filter(isState).flatMap(declaredIn)) declared.add(each)
        for (const deliveries of fc.sample(deliveriesOf(told), { numRuns: WAYS, seed })) {
          const name = testCluster()
          try {
            for (const delivery of deliveries) await deliver(store, name, delivery)
            questions += await compare(store, name, told)
          } finally {
            await removeCluster(store, name)
          }
        }
      },
    )
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true, seed: 1 })
    const lacking = declarable.filter((each) => !declared.has(each))
    assert.deepEqual(lacking, [], 'what the API can declare, and no history had')
    t.diagnostic(`${questions} questions asked of ${RUNS} histories told in ${WAYS} ways`)
  })
})
