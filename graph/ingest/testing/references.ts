/** What objects of a history declare beyond their own life: references to other objects, with properties that change. */
import type { Declaration, ObjectRef, StateObservation } from '../../model/observation.ts'

const named = (kind: ObjectRef['kind'], ...keys: string[]): ObjectRef[] =>
  keys.map((key) => ({ kind, key, name: key, namespace: 'shop' }))

/** Two of each; the second ConfigMap does not exist. */
const CONFIGS: ObjectRef[] = [
  ...named('ConfigMap', 'settings'),
  { kind: 'ConfigMap', key: 'missing/ConfigMap/shop/other', name: 'other', namespace: 'shop', missing: true },
]
const SECRETS = named('Secret', 'db', 'tls')
const ACCOUNTS = named('ServiceAccount', 'default', 'robot')
const POLICIES = named('NetworkPolicy', 'deny', 'allow')
const SERVICES = named('Service', 'svc', 'other-svc')
const VOLUMES: ObjectRef[] = ['pv1', 'pv2'].map((key) => ({ kind: 'PersistentVolume', key, name: key }))
const HOSTS: ObjectRef[] = ['h1', 'h2'].map((key) => ({ kind: 'Host', key, name: key }))
const SCALED: ObjectRef[] = named('Workload', 'rs1', 'rs2').map((ref) => ({ ...ref, workloadKind: 'ReplicaSet' }))

/** The choices of a step. */
interface Choices {
  readonly slot: number
  readonly choice: number
  readonly back: number
}

/** One reference that an object has or not; of each `slot` (a volume, a container, a rule) it has at most one. */
type Reference = (choices: Choices) => { readonly slot: string; readonly declaration: Declaration }

const pick = (objects: readonly ObjectRef[], index: number): ObjectRef => objects[index % objects.length] as ObjectRef

/** By a pod: two volumes of one object, and one whose keys change, are relations of their own. */
export const OF_PODS = {
  mount: ({ slot, choice, back }) => ({
    slot: `volume ${back % 2}`,
    declaration: {
      kind: 'MOUNTS',
      to: slot === 2 ? pick(SECRETS, choice) : pick(CONFIGS, choice),
      properties: {
        ...{ volume: `v${back % 2}`, paths: ['app:/etc/app'], optional: slot === 1 },
        ...(back > 3 ? { keys: ['a', 'b'] } : {}),
      },
    },
  }),
  environment: ({ slot, choice, back }) => ({
    slot: `environment ${slot}`,
    declaration: {
      kind: 'READS_ENV_FROM',
      to: slot === 1 ? pick(CONFIGS, choice) : pick(SECRETS, choice),
      properties: { containerName: `c${slot}`, optional: back > 3, ...(back % 2 ? { keys: ['password'] } : {}) },
    },
  }),
  account: ({ choice }) => ({ slot: 'account', declaration: { kind: 'USES', to: pick(ACCOUNTS, choice) } }),
  pull: ({ slot, choice }) => ({
    slot: `pull ${slot}`,
    declaration: { kind: 'USES', to: pick(SECRETS, choice), properties: { role: 'image-pull' } },
  }),
  policy: ({ slot, choice, back }) => ({
    slot: `policy ${choice}`,
    declaration: {
      kind: 'APPLIES_TO',
      from: pick(POLICIES, choice),
      properties: { ingress: slot !== 2, egress: back % 2 === 0 },
    },
  }),
} satisfies Record<string, Reference>

/** By objects of their own, one each. */
export const OF_OTHERS = {
  route: ({ slot, choice, back }) => ({
    slot: `rule ${slot}`,
    declaration: {
      kind: 'ROUTES_TO',
      to: pick(SERVICES, choice),
      properties: { port: '80', ...(back % 2 ? { host: 'shop.example', path: '/' } : {}) },
    },
  }),
  scale: ({ choice }) => ({ slot: 'target', declaration: { kind: 'SCALES', to: pick(SCALED, choice) } }),
  bind: ({ choice }) => ({ slot: 'volume', declaration: { kind: 'BOUND_TO', to: pick(VOLUMES, choice) } }),
  machine: ({ choice }) => ({ slot: 'machine', declaration: { kind: 'ON', to: pick(HOSTS, choice) } }),
} satisfies Record<string, Reference>

/** Who declares those of OF_OTHERS, with a body. */
export const DECLARERS: Readonly<Record<keyof typeof OF_OTHERS, { ref: ObjectRef; body: StateObservation['body'] }>> = {
  route: { ref: pick(named('Ingress', 'front'), 0), body: { labels: [], rules: [] } },
  scale: {
    ref: pick(named('HorizontalPodAutoscaler', 'hpa'), 0),
    body: { labels: [], target: 'ReplicaSet/rs1', maxReplicas: 3, metrics: [] },
  },
  bind: { ref: pick(named('PersistentVolumeClaim', 'data'), 0), body: { labels: [], phase: 'Bound' } },
  machine: { ref: { kind: 'Node', key: 'n3', name: 'n3' }, body: { labels: [] } },
}
