/** Incidents of a cluster, in pages. */
import { now, OPEN } from '../../graph/model/time.ts'
import { kindNamed } from './kinds.ts'
import { decodeCursor, encodeCursor, InvalidRequest, pageSize, type Reader, statement, withoutCluster } from './read.ts'

const INCIDENTS = statement('incidents')
const MOVED = statement('incidents-moved')
const COUNTS = statement('incident-counts')
const BY_ID = statement('incidents-by-id')
const BY_PREFIX = statement('incidents-by-prefix')

export type Status = 'waiting' | 'provisional' | 'final'

/** All occurrences of one cause on one workload. */
export interface Incident {
  readonly id: string
  readonly cluster: string
  readonly pattern: string
  readonly title: string
  readonly workloadKey: string
  readonly workloadKind: string
  readonly workloadName: string
  readonly namespace?: string
  readonly containerName?: string
  readonly cause: string
  readonly status: Status
  readonly outcome: string
  /** Times of the first and the last occurrence, µs. */
  readonly firstAt: number
  readonly lastAt: number
  readonly count: number
  readonly confidence: number
  readonly superseded?: boolean
  readonly updatedAt: number
}

export interface IncidentFilter {
  readonly namespace?: string
  /** Name of the top owner; `workloadKind` as people write it. */
  readonly workload?: string
  readonly workloadKind?: string
  readonly pattern?: string
  readonly status?: Status
  /** Occurrences within [from, to), µs. */
  readonly from?: number
  readonly to?: number
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Give it as `after` to get the next page; null on the last one. */
  readonly endCursor: string | null
}

/** What incidents call the kind of their top owner, which may be a bare pod; null for any workload. */
const topKind = (word: string): string | null => {
  const { label, workloadKind } = kindNamed(word)
  return workloadKind ?? (label === 'Workload' ? null : label)
}

interface Placed {
  readonly incident: Incident
  /** Time of its last occurrence, as the first page had it. */
  readonly place: number
}

/**
 * A page of `first` incidents, the latest first. One that occurs again while somebody pages keeps its place, or it would be on no
 * page. Throws InvalidRequest for a wrong cursor or size.
 */
export const incidents = async (
  reader: Reader,
  cluster: string,
  filter: IncidentFilter = {},
  page: { first?: number; after?: string } = {},
): Promise<Page<Incident>> => {
  const first = pageSize(page.first ?? 20)
  const began = now()
  const [afterAt, afterId, asOf = began] = page.after === undefined ? [OPEN, '', OPEN] : decodeCursor(page.after)
  const asked = {
    cluster,
    from: filter.from ?? 0,
    to: filter.to ?? OPEN,
    namespace: filter.namespace ?? null,
    workload: filter.workload ?? null,
    workloadKind: filter.workloadKind === undefined ? null : topKind(filter.workloadKind),
    pattern: filter.pattern ?? null,
    status: filter.status ?? null,
    ...{ afterAt, afterId, asOf },
    limit: first + 1,
  }
  const [kept, moved] = await Promise.all([
    reader.read<Placed>(INCIDENTS, asked),
    page.after === undefined ? [] : reader.read<Placed>(MOVED, asked),
  ])
  const found = [...kept, ...moved].sort((a, b) => b.place - a.place || (a.incident.id < b.incident.id ? -1 : 1))
  const items = found.slice(0, first)
  const last = items.at(-1)
  return {
    items: items.map(({ incident }) => incident),
    endCursor:
      found.length > first && last
        ? encodeCursor([last.place, last.incident.id, page.after === undefined ? began : asOf])
        : null,
  }
}

/** How many incidents each of the clusters has, those with the most first. */
export const incidentCounts = (
  reader: Reader,
  clusters: readonly string[],
): Promise<{ readonly cluster: string; readonly count: number }[]> => reader.read(COUNTS, { clusters })

/** Incidents by id; those that are not there are left out. */
export const incidentsById = async (reader: Reader, ids: readonly string[]): Promise<Map<string, Incident>> => {
  const rows = await reader.read<{ incident: Incident }>(BY_ID, { ids })
  return new Map(rows.map(({ incident }) => [incident.id, incident]))
}

/**
 * The incident that people mean by an id, by how it begins, or by either with its cluster in front; null where there is none. Throws
 * InvalidRequest where more than one begins so, and for an id that says nothing.
 */
export const incidentNamed = (reader: Reader, cluster: string, id: string): Promise<Incident | null> => {
  const own = withoutCluster(cluster, id)
  if (own === '') throw new InvalidRequest(`got "${id}", expected the id of an incident, or how it begins`)
  return incidentByPrefix(reader, `${cluster}/${own}`)
}

/** The incident whose id begins with `prefix`; null where there is none. Throws InvalidRequest where there are more. */
export const incidentByPrefix = async (reader: Reader, prefix: string): Promise<Incident | null> => {
  const rows = await reader.read<{ incident: Incident }>(BY_PREFIX, { prefix })
  if (rows.length > 1)
    throw new InvalidRequest(
      `more than one incident begins with ${prefix}: ${rows.map(({ incident }) => incident.id).join(', ')}. Give more of the one that is meant`,
    )
  return rows[0]?.incident ?? null
}
