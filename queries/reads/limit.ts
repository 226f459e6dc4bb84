/** The memory limit that a kill hit, and since when it is as it is: by what the pods show, and what was told of changes. */
import { bytesOf } from '../../graph/model/quantity.ts'
import { MINUTE } from '../../graph/model/time.ts'
import { events } from './events.ts'
import type { OccurrenceDetail } from './occurrences.ts'
import { type Reader, statement } from './read.ts'
import { type Specified, specifiedIn, textsOf } from './specified.ts'
import { isTold, statesInForce } from './states.ts'
import type { StoredEvent } from './stored.ts'

const LIMITS = statement('limits')

/** How far back a limit is followed, µs. */
export const LIMIT_BACK = 14 * 24 * 60 * MINUTE
/** Pods of a workload whose limits are compared; of more than that only the one that was hit is told of. */
const PODS = 1_000
/** The kernel counts whole pages, and rounds a limit down to them. */
const PAGE = 65_536

/** The memory limit that a container hit, its own or its pod's. */
export interface Limit {
  readonly bytes: number
  /** It is known to be unchanged since, µs. */
  readonly since: number
  /** The change that was seen then; null where none was. */
  readonly changed: { readonly before: string; readonly after: string } | null
}

/** What is told of the limit of a kill. */
export interface Hit {
  readonly limit: Limit
  /** When it began with this pod, µs, where pods before it had another one; null where it is not known to have been another. */
  readonly remadeAt: number | null
}

/** The kill that an occurrence hangs on; null where it is another event. */
export const killOf = ({ occurrence, evidence }: OccurrenceDetail): StoredEvent<'oom-kill'> | null => {
  const anchor = evidence.find(({ event }) => event.id === occurrence.anchorId)?.event
  return anchor?.kind === 'oom-kill' ? (anchor as StoredEvent<'oom-kill'>) : null
}

/** The node was out of memory: no limit of the workload's was hit. */
export const isOfNode = ({ global, limitOf }: StoredEvent<'oom-kill'>): boolean => global || limitOf === 'node'

/** The change of a container's memory limit among those of a workload's or pod's spec, if this is one. */
const changeOfLimit = ({ paths, before, after }: StoredEvent<'spec-changed'>, container: string) => {
  const index = paths.findIndex((path) => path.endsWith(`ontainers[${container}].resources.limits.memory`))
  return index < 0 ? null : { before: before[index] || 'none', after: after[index] || 'none' }
}

/** A pod's limit follows from those of all its containers, if it is not set itself. */
const touchesPodsLimit = ({ paths }: StoredEvent<'spec-changed'>): boolean =>
  paths.some((path) => path.endsWith('resources.limits.memory'))

/** Whether what a change made of limits is what the pod has: a template that was changed since concerns other pods. */
const isOf = ({ paths, after }: StoredEvent<'spec-changed'>, specified: readonly Specified[]): boolean =>
  paths.every((path, index) => {
    const name = /ontainers\[(.+)\]\.resources\.limits\.memory$/.exec(path)?.[1]
    const mine = specified.find((each) => each.name === name)
    return mine === undefined || (bytesOf(after[index]) ?? null) === mine.limit
  })

/** The containers whose limits make up the one that was hit; null where their pod shows another one than that. */
const concerned = (
  { limitOf, limitBytes }: StoredEvent<'oom-kill'>,
  container: string,
  specified: readonly Specified[],
): readonly Specified[] | null => {
  // A pod's limit follows from those of all its containers, if it is not set itself.
  if (limitOf === 'pod') return specified.filter(({ role }) => role !== 'ephemeral')
  const own = specified.find(({ name }) => name === container)
  const rounded = (own?.limit ?? 0) - (limitBytes ?? 0)
  return own !== undefined && rounded >= 0 && rounded < PAGE ? [own] : null
}

/** Since when pods show the limits, µs: this one, and those of its workload before it as long as they show the same. */
const shownSince = async (
  reader: Reader,
  { pod, top }: { pod: string; top: string },
  limits: readonly Specified[],
  window: { from: number; to: number; known: number },
): Promise<{ since: number; others: boolean } | null> => {
  const texts = limits.map(textsOf)
  const read = (key: string) =>
    reader.read<{ key: string; shownFrom: number | null; otherUntil: number | null }>(LIMITS, {
      ...{ key, names: texts.map(({ any }) => any), limits: texts.map(({ same }) => same), limit: PODS + 1, ...window },
    })
  const found = await read(top)
  const rows = found.length > PODS || !found.some(({ key }) => key === pod) ? await read(pod) : found
  const mine = rows.find(({ key }) => key === pod)
  if (mine === undefined || mine.shownFrom === null) return null
  const others = rows.flatMap(({ otherUntil }) => otherUntil ?? [])
  const first = Math.min(...rows.flatMap(({ shownFrom }) => shownFrom ?? []))
  const own = Math.max(mine.shownFrom, mine.otherUntil ?? 0)
  return { since: Math.min(own, Math.max(first, ...others)), others: others.length > 0 }
}

/** The limit that a kill hit, as far as changes of it were watched since `watched`; null where it was none of the workload's, or can't be told. */
export const limitOf = async (
  reader: Reader,
  detail: OccurrenceDetail,
  watched: number,
  known: number,
): Promise<Hit | null> => {
  const { occurrence, verdict, affected } = detail
  const kill = killOf(detail)
  const container = verdict?.containerName
  if (kill?.podKey === undefined || container === undefined) return null
  if (isOfNode(kill) || kill.limitBytes === undefined) return null
  const { at, until } = occurrence
  const window = { from: at - LIMIT_BACK, to: until, known }
  const top = affected.find(({ role }) => role === 'workload')?.object.key ?? kill.podKey
  const inForce = await statesInForce(reader, [kill.podKey, top], { at, known })
  const pod = inForce.get(kill.podKey)
  if (!isTold(pod)) return null
  const specified = specifiedIn(pod.body)
  const limits = concerned(kill, container, specified)
  if (limits === null) return null
  const keys = [...new Set([kill.podKey, top])].filter((key) => isTold(inForce.get(key)))
  const [told, shown] = await Promise.all([
    events(reader, keys, window, ['spec-changed']),
    shownSince(reader, { pod: kill.podKey, top }, limits, window),
  ])
  if (shown === null) return null
  // One that leaves out paths may have changed the limit too, and so may those older than one answer takes.
  const doubtful = told.events.findLast(({ morePaths = 0 }) => morePaths > 0)?.at ?? 0
  const oldest = [...Map.groupBy(told.events, ({ objectKey }) => objectKey).values()].map((all) => all[0]!.at)
  const isOfLimit = (event: (typeof told.events)[number]): boolean =>
    kill.limitOf === 'pod' ? touchesPodsLimit(event) : changeOfLimit(event, container) !== null
  // The newest may be of a rollout that has yet to replace this pod.
  const change = told.events.findLast((event) => isOfLimit(event) && isOf(event, limits))
  const since = Math.max(watched, change?.at ?? shown.since, doubtful, ...(told.cut ? oldest : []))
  const changed = change === undefined || change.at < since ? null : changeOfLimit(change, container)
  // It may have happened before that.
  if (since > at && changed === null) return null
  return {
    limit: { bytes: kill.limitBytes, since, changed },
    remadeAt: shown.others ? shown.since : null,
  }
}
