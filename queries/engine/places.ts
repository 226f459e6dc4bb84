/** Where an anchor happened, as its pod tells it: the host, and when the node's kubelet was silent. */
import { SECOND } from '../../graph/model/time.ts'
import type { Store } from '../../graph/store/main.ts'
import type { Interval } from '../reads/coverage.ts'
import { withoutCluster } from '../reads/read.ts'
import type { EventNode } from './judgement.ts'
import { type Pattern, spanBefore, toldAfter } from './pattern.ts'
import { statement } from './statements.ts'

/** How long a kubelet has been silent before its node's Ready becomes Unknown: --node-monitor-grace-period of the kube-controller-manager. */
export const GRACE = 50 * SECOND

/** How long after its last renewal a node's Lease is stale: nodeLeaseDurationSeconds of the kubelet. */
const LEASE = 40 * SECOND

/** What tells that a kubelet is silent, each by itself: Ready becomes Unknown only while a kube-controller-manager runs. */
const CONDITIONS = ['Ready', 'Lease'] as const

type Condition = (typeof CONDITIONS)[number]

export interface Silence extends Interval {
  readonly condition: Condition
}

export interface Place {
  /** Key of the host, without the cluster; undefined where it is not known. */
  readonly host: string | undefined
  /** When the node was not Ready, or did not renew its Lease: its kubelet told nothing that can be relied on. */
  readonly silent: readonly Silence[]
}

const NOWHERE: Place = { host: undefined, silent: [] }

interface Change {
  readonly id: string
  readonly at: number
  readonly uncertainty: number
  readonly condition: Condition
  readonly status: string
  readonly previous: string | null
}

/** When the kubelet had told its last before a condition turned. A Lease is renewed by the kubelet alone. */
const lastWord = ({ at, condition, status }: Change): number =>
  condition === 'Lease' ? at - LEASE : status === 'Unknown' ? at - GRACE : at

/** Of two that may have been at one instant the one that may have been later is the later. */
const byTime = (a: Change, b: Change): number => a.at - b.at || a.uncertainty - b.uncertainty || (a.id < b.id ? -1 : 1)

/** Times at which one condition was not True, up to `to`. */
const spansOf = (condition: Condition, changes: readonly Change[], from: number, to: number): Silence[] => {
  const inOrder = changes.filter((change) => change.condition === condition).sort(byTime)
  const [first] = inOrder
  if (first === undefined) return []
  const before: Change[] =
    first.at > from && first.previous !== null ? [{ ...first, at: from, status: first.previous }] : []
  const all = [...before, ...inOrder]
  return all.flatMap((change, index) => {
    const next = all[index + 1]
    if (change.status === 'True') return []
    return [{ condition, from: lastWord(change), to: next === undefined ? to : next.at + next.uncertainty }]
  })
}

/** Times at which one of the conditions was not True, up to `to`. */
export const silentSpans = (changes: readonly Change[], from: number, to: number): Silence[] =>
  CONDITIONS.flatMap((condition) => spansOf(condition, changes, from, to))

/** Reads the places of anchors that are about a pod. */
export const readPlaces = async (
  store: Store,
  cluster: string,
  pattern: Pattern,
  anchors: readonly EventNode[],
  view: { readonly known: number; readonly without: readonly string[] },
): Promise<(anchor: EventNode) => Place> => {
  const after = pattern.window + toldAfter(pattern)
  const spans = new Map(
    anchors.flatMap(({ id, at, uncertainty, podKey }) =>
      podKey === undefined
        ? []
        : [[id, { anchor: id, podKey, at, from: at - spanBefore(pattern), to: at + uncertainty + after + GRACE }]],
    ),
  )
  if (spans.size === 0) return () => NOWHERE
  const rows = await store.read<{ anchor: string; host: string | null; changes: Change[] }>(statement('places'), {
    rows: [...spans.values()],
    ...view,
  })
  const places = new Map(
    rows.map(({ anchor, host, changes }): [string, Place] => {
      const { from, to } = spans.get(anchor)!
      return [
        anchor,
        { host: host === null ? undefined : withoutCluster(cluster, host), silent: silentSpans(changes, from, to) },
      ]
    }),
  )
  return ({ id }) => places.get(id) ?? NOWHERE
}
