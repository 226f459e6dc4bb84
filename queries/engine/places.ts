/** Where an anchor happened, as its pod tells it: the host, and when the node's kubelet was silent. */
import { SECOND } from '../../graph/model/time.ts'
import type { Store } from '../../graph/store/main.ts'
import type { Interval } from '../reads/coverage.ts'
import { withoutCluster } from '../reads/read.ts'
import type { EventNode } from './judgement.ts'
import { kindOf, type Pattern, spanBefore } from './pattern.ts'
import { statement } from './statements.ts'

/** How long a kubelet has been silent before its node's Ready becomes Unknown: --node-monitor-grace-period of the kube-controller-manager. */
export const GRACE = 50 * SECOND

export interface Place {
  /** Key of the host, without the cluster; undefined where it is not known. */
  readonly host: string | undefined
  /** When the node was not Ready: its kubelet told nothing that can be relied on. */
  readonly silent: readonly Interval[]
}

const NOWHERE: Place = { host: undefined, silent: [] }

interface Change {
  readonly at: number
  readonly status: string
  readonly previous: string | null
}

/** Times at which Ready was not True, up to `to`. */
export const silentSpans = (changes: readonly Change[], from: number, to: number): Interval[] => {
  const inOrder = changes.toSorted((a, b) => a.at - b.at)
  const [first] = inOrder
  if (first === undefined) return []
  const before: Change[] =
    first.at > from && first.previous !== null ? [{ ...first, at: from, status: first.previous }] : []
  const all = [...before, ...inOrder]
  return all.flatMap(({ at, status }, index) =>
    status === 'True' ? [] : [{ from: status === 'Unknown' ? at - GRACE : at, to: all[index + 1]?.at ?? to }],
  )
}

/** Reads the places of anchors that are about a pod. */
export const readPlaces = async (
  store: Store,
  cluster: string,
  pattern: Pattern,
  anchors: readonly EventNode[],
  view: { readonly known: number; readonly without: readonly string[] },
): Promise<(anchor: EventNode) => Place> => {
  const after = pattern.window + Math.max(...pattern.steps.map((step) => kindOf(step.event).delay))
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
