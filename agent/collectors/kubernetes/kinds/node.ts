import { SECOND } from '../../../../graph/model/time.ts'
import { type Condition, conditionsOf } from '../facts/conditions.ts'
import { type Specified, specFacts, specifiedOf } from '../facts/spec-change.ts'
import {
  canonicalAddress,
  defineKind,
  type Fact,
  given,
  holds,
  labelsOf,
  type Raw,
  type Sighting,
  type Thing,
  trimMeta,
} from '../kind.ts'

interface Node extends Thing, Specified {
  readonly machineId: string | undefined
  readonly hostname: string | undefined
  readonly addresses: readonly string[]
  readonly conditions: readonly Condition[]
}

const ofMachine = new Set(['InternalIP', 'ExternalIP'])

export default defineKind<Node>({
  path: '/api/v1/nodes',
  object: 'Node',
  tells: ['node-condition-changed', 'spec-changed'],
  trim: (raw) => {
    const { spec, status } = raw as Raw
    const conditions = conditionsOf(status)
    const all: { type: string; address: string }[] = status?.addresses ?? []
    return {
      ...trimMeta(raw, 'Node'),
      machineId: status?.nodeInfo?.machineID || undefined,
      hostname: all.find(({ type }) => type === 'Hostname')?.address,
      addresses: all.filter(({ type }) => ofMachine.has(type)).map(({ address }) => canonicalAddress(address)),
      conditions,
      ...specifiedOf(raw, { taints: taintsOf(spec), unschedulable: spec?.unschedulable }),
      body: given({
        labels: labelsOf(raw),
        machineId: status?.nodeInfo?.machineID || undefined,
        kubeletVersion: status?.nodeInfo?.kubeletVersion,
        ready: conditions.find(({ type }) => type === 'Ready')?.status,
        unschedulable: spec?.unschedulable,
      }),
    }
  },
  // (Node)-[:ON]->(Host), (Node)-[:HOLDS]->(Address)
  relations: ({ machineId, hostname, addresses }) => [
    ...(machineId === undefined
      ? []
      : [{ kind: 'ON' as const, to: { kind: 'Host' as const, key: machineId, ...given({ name: hostname }) } }]),
    ...holds(addresses),
  ],
  facts: (node, sighting) => [...conditionFacts(node, sighting), ...specFacts(node, sighting)],
})

/** By what tells one from the other: who looks for a taint looks for its key and effect. */
const taintsOf = (spec: Raw): Record<string, string> =>
  Object.fromEntries((spec?.taints ?? []).map(({ key, effect, value }: Raw) => [`${key}:${effect}`, value ?? '']))

const conditionFacts = ({ ref, conditions }: Node, { previous }: Sighting<Node>): Fact[] =>
  conditions.flatMap(({ type, status, at, reason, message }): Fact[] => {
    if (at === undefined) return []
    const before = previous?.conditions.find((condition) => condition.type === type)?.status
    return [
      {
        kind: 'node-condition-changed',
        id: `node-condition-changed/${ref.key}/${type}/${status}/${at}`,
        at,
        uncertainty: SECOND,
        object: ref,
        fields: { condition: type, status, reason, ...given({ previous: before, message }) },
      },
    ]
  })
