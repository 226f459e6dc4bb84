/** Random histories of a small cluster, and random ways in which their observations reach the writer. */
import fc from 'fast-check'
import type { Declaration, EventObservation, ObjectRef, StateObservation } from '../../model/observation.ts'
import { DECLARERS, OF_OTHERS, OF_PODS } from './references.ts'

export type Told = StateObservation | EventObservation

/** How a history is given: batches, each of which may fail before its commit, or be committed and given again. */
export interface Delivery {
  readonly observations: readonly Told[]
  readonly fate: 'written' | 'lost before commit' | 'committed, not acknowledged'
}

export interface History {
  /** In the order in which things happened. */
  readonly told: readonly Told[]
  readonly deliveries: readonly Delivery[]
}

const NODES: ObjectRef[] = ['n1', 'n2'].map((key) => ({ kind: 'Node', key, name: key }))
const OWNERS: ObjectRef[] = ['rs1', 'rs2'].map((key) => ({
  ...{ kind: 'Workload' as const, key, name: key, namespace: 'shop', workloadKind: 'ReplicaSet' },
}))
const SERVICE: ObjectRef = { kind: 'Service', key: 'svc', name: 'svc', namespace: 'shop' }
const ADDRESSES: ObjectRef[] = ['10.0.0.1', '10.0.0.2'].map((key) => ({ kind: 'Address', key, name: key }))
const SLICES: ObjectRef[] = ['slice1', 'slice2'].map((key) => ({
  ...{ kind: 'EndpointSlice' as const, key, name: key, namespace: 'shop' },
}))

const REFERENCES = [...Object.keys(OF_PODS), ...Object.keys(OF_OTHERS)]

const ACTIONS: readonly string[] = [
  ...[
    'create',
    'recreate',
    'delete',
    'schedule',
    'schedule since',
    'owner',
    'address',
    'no address',
    'start',
    'restart',
  ],
  ...[
    'relabel',
    'ready',
    'unready',
    'drop endpoint',
    'node address',
    'attribution',
    'lagging',
    'repeat instant',
    'delete node',
  ],
  // Each is declared twice as often as it ends.
  ...[...REFERENCES, ...REFERENCES].map((reference) => `refer ${reference}` as const),
  ...REFERENCES.map((reference) => `drop ${reference}` as const),
]

/** One thing that happens, with the choices that it needs. */
const step = fc.record({
  action: fc.constantFrom(...ACTIONS),
  slot: fc.integer({ min: 0, max: 2 }),
  choice: fc.integer({ min: 0, max: 1 }),
  pause: fc.constantFrom(0, 1, 1, 2, 5),
  back: fc.integer({ min: 0, max: 6 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

interface PodNow {
  ref: ObjectRef
  generation: number
  there: boolean
  labels: string
  containers: { ref: ObjectRef; since?: number }[]
  /** By their kind, of which a pod has one, or by what of the pod refers to something. */
  relations: Map<string, Declaration>
}

const isKey = <T extends object>(of: T, name: string): name is Extract<keyof T, string> => Object.hasOwn(of, name)

/** Plays steps on a cluster and tells what its collectors would observe of it. */
const play = (steps: readonly Step[], versioned: boolean): Told[] => {
  const told: Told[] = []
  const lastOf = new Map<string, StateObservation>()
  let at = 1_000
  let version = 10
  const pods: PodNow[] = [0, 1, 2].map((slot) => ({
    ref: { kind: 'Pod', key: `pod${slot}.0`, name: `pod${slot}`, namespace: 'shop' },
    ...{ generation: 0, there: false, labels: 'a=1', containers: [], relations: new Map() },
  }))
  const others = {
    route: new Map<string, Declaration>(),
    scale: new Map<string, Declaration>(),
    bind: new Map<string, Declaration>(),
    machine: new Map<string, Declaration>(),
  }
  const endpoints = SLICES.map(() => new Map<string, { pod: ObjectRef; ready: boolean }>())

  const tell = (object: ObjectRef, body: StateObservation['body'], relations: Declaration[], more: object = {}) => {
    const state: StateObservation = {
      ...{ type: 'state', object, at, version: versioned ? ++version : 0, uncertainty: 0 },
      ...{ source: 'kubernetes@cluster', body, relations, ...more },
    }
    told.push(state)
    lastOf.set(object.key, state)
  }
  const tellPod = ({ ref, labels, containers, relations }: PodNow, more: object = {}) => {
    const runs = containers.map(
      ({ ref: to, since }): Declaration => ({
        ...{ kind: 'RUNS', to, properties: { containerName: 'app', role: 'main' } },
        ...(since === undefined ? {} : { since }),
      }),
    )
    tell(ref, { labels: [labels], phase: 'Running', ready: true }, [...relations.values(), ...runs], more)
  }
  const tellSlice = (index: number) => {
    const all = [...(endpoints[index]?.values() ?? [])]
    const ready = all.filter((endpoint) => endpoint.ready).length
    tell(
      SLICES[index] as ObjectRef,
      { endpoints: all.length, readyEndpoints: ready },
      all.map(({ pod, ready: isReady }) => ({
        kind: 'SELECTS',
        from: SERVICE,
        to: pod,
        properties: { ready: isReady },
      })),
    )
  }
  const remove = (pod: PodNow, back: number) => {
    if (!pod.there) return
    pod.there = false
    const inferred = back > 3 ? { inferred: true, uncertainty: back } : {}
    tell(pod.ref, {}, [], { deleted: true, ...inferred })
  }
  const create = (pod: PodNow, owner: ObjectRef, back: number) => {
    pod.there = true
    pod.containers = []
    pod.relations = new Map([['OWNS', { kind: 'OWNS', from: owner }]])
    tellPod(pod, { uncertainty: back })
  }

  for (const [slot, pod] of pods.entries()) create(pod, OWNERS[slot % 2] as ObjectRef, slot)
  for (const { action, slot, choice, pause, back } of steps) {
    at += pause
    const pod = pods[slot] as PodNow
    const declare = (kind: Declaration['kind'], declaration: Omit<Declaration, 'kind'>) => {
      if (!pod.there) return
      pod.relations.set(kind, { kind, ...declaration })
      tellPod(pod)
    }
    const [verb, reference = ''] = action.split(' ')
    if (isKey(OF_PODS, reference)) {
      const { slot: of, declaration } = OF_PODS[reference]({ slot, choice, back })
      if (verb === 'drop') pod.relations.delete(of)
      else pod.relations.set(of, declaration)
      if (pod.there) tellPod(pod)
      continue
    }
    if (isKey(OF_OTHERS, reference)) {
      const { slot: of, declaration } = OF_OTHERS[reference]({ slot, choice, back })
      if (verb === 'drop') others[reference].delete(of)
      else others[reference].set(of, declaration)
      const { ref, body } = DECLARERS[reference]
      tell(ref, body, [...others[reference].values()])
      continue
    }
    switch (action) {
      case 'create':
        // The same name, another pod.
        if (pod.there) remove(pod, back)
        pod.generation++
        pod.ref = { ...pod.ref, key: `pod${slot}.${pod.generation}` }
        at += pause
        create(pod, OWNERS[choice] as ObjectRef, back)
        break
      case 'recreate':
        // The same key again, as an object without UID (an address, a container) may come again.
        if (!pod.there) create(pod, OWNERS[choice] as ObjectRef, 0)
        break
      case 'delete':
        remove(pod, back)
        break
      case 'schedule':
        declare('RUNS_ON', { to: NODES[choice] as ObjectRef })
        break
      case 'schedule since':
        declare('RUNS_ON', { to: NODES[choice] as ObjectRef, since: at - back })
        break
      case 'owner':
        declare('OWNS', { from: OWNERS[choice] as ObjectRef })
        break
      case 'address':
        declare('HOLDS', { to: ADDRESSES[choice] as ObjectRef })
        break
      case 'no address':
        if (pod.relations.delete('HOLDS')) tellPod(pod)
        break
      case 'start':
      case 'restart': {
        if (!pod.there) break
        if (action === 'restart') pod.containers.shift()
        const ref: ObjectRef = { kind: 'Container', key: `${pod.ref.key}.c${choice}` }
        pod.containers = [...pod.containers.slice(-1), { ref, ...(back > 2 ? { since: at - back } : {}) }]
        tellPod(pod)
        break
      }
      case 'relabel':
        pod.labels = `a=${choice}`
        if (pod.there) tellPod(pod)
        break
      case 'ready':
      case 'unready':
        endpoints[choice]?.set(pod.ref.key, { pod: pod.ref, ready: action === 'ready' })
        tellSlice(choice)
        break
      case 'drop endpoint':
        endpoints[choice]?.delete(pod.ref.key)
        tellSlice(choice)
        break
      case 'node address':
        tell(NODES[choice] as ObjectRef, { labels: [] }, [{ kind: 'HOLDS', to: ADDRESSES[slot % 2] as ObjectRef }])
        break
      case 'delete node':
        if (lastOf.has((NODES[choice] as ObjectRef).key)) tell(NODES[choice] as ObjectRef, {}, [], { deleted: true })
        break
      case 'attribution':
        told.push({
          ...{ type: 'event', kind: 'process-exec', id: `exec/${told.length}`, at: at - back, uncertainty: 0 },
          ...{ observedAt: at, source: 'ebpf@h1', host: 'h1', pod: pod.ref },
          object: { kind: 'Container', key: `${pod.ref.key}.c${choice}` },
          ...(back % 2 ? { containerName: slot ? 'app' : 'another' } : {}),
          fields: { pid: 7, nsPid: 1, startBootClock: at - back, command: 'app', file: '/app' },
        })
        break
      case 'lagging': {
        // A second stream shows an older version later.
        const older = told.filter((one) => one.type === 'state').at(-1 - back)
        if (older !== undefined) told.push({ ...older, at })
        break
      }
      case 'repeat instant': {
        const last = lastOf.get(pod.ref.key)
        if (last !== undefined && !last.deleted)
          told.push({ ...last, body: { ...last.body, phase: 'Unknown' }, relations: last.relations.slice(0, choice) })
      }
    }
  }
  return told
}

/** Order of delivery: positions in the history, some perhaps twice. */
const orderOf = (count: number): fc.Arbitrary<number[]> => {
  const all = Array.from({ length: count }, (_, index) => index)
  const shuffled = fc.shuffledSubarray(all, { minLength: count, maxLength: count })
  const some = fc.subarray(all)
  return fc.oneof(
    fc.constant(all),
    shuffled,
    fc.tuple(shuffled, some).map(([first, again]) => [...first, ...again]),
    // Some are late: they come at the end.
    some.map((late) => [...all.filter((index) => !late.includes(index)), ...late]),
  )
}

const fates = fc.constantFrom<Delivery['fate'][]>(
  'written',
  'written',
  'lost before commit',
  'committed, not acknowledged',
)

const cut = (
  told: readonly Told[],
  order: readonly number[],
  sizes: readonly number[],
  ends: readonly Delivery['fate'][],
): Delivery[] => {
  const deliveries: Delivery[] = []
  for (let start = 0, turn = 0; start < order.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    const observations = order.slice(start, start + size).map((index) => told[index] as Told)
    const fate = ends[turn % ends.length] ?? 'written'
    deliveries.push({ observations, fate })
    // What was not acknowledged is given again.
    if (fate !== 'written') deliveries.push({ observations, fate: 'written' })
    start += size
  }
  return deliveries
}

/** Ways in which what was told reaches the writer. */
export const deliveriesOf = (told: readonly Told[]): fc.Arbitrary<Delivery[]> =>
  fc
    .tuple(
      orderOf(told.length),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
      fc.array(fates, { minLength: 1, maxLength: 5 }),
    )
    .map(([order, sizes, ends]) => cut(told, order, sizes, ends))

/** A history of up to `steps` steps with its delivery. */
export const history = (steps: number): fc.Arbitrary<History> =>
  fc
    .tuple(fc.array(step, { minLength: Math.ceil(steps / 3), maxLength: steps, size: 'max' }), fc.boolean())
    .map(([all, versioned]) => play(all, versioned))
    .chain((told) => deliveriesOf(told).map((deliveries) => ({ told, deliveries })))
