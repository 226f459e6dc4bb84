/** Occurrences of incidents and near misses: their verdicts, the evidence and what they affect. */
import { OPEN } from '../../graph/model/time.ts'
import type { Window } from './family.ts'
import type { Incident, Page, Status } from './incidents.ts'
import { objects } from './objects.ts'
import { decodeCursor, encodeCursor, pageSize, type Reader, statement } from './read.ts'
import type { StoredEvent, StoredObject } from './stored.ts'

const OCCURRENCES = statement('occurrences')
const TOUCHING = statement('touching')
const EVIDENCE = statement('evidence')
const VERDICTS = statement('verdicts')

/** One anchor with its verdicts. */
export interface Occurrence {
  readonly id: string
  readonly cluster: string
  readonly pattern: string
  readonly anchorId: string
  /** It happened at some time of [at, until], µs. */
  readonly at: number
  readonly until: number
  readonly status: Status
  readonly outcome: string
  readonly confidence: number
}

/** What was concluded about an anchor, knowing what was known then. Texts of JSON are parsed. */
export interface Verdict {
  readonly id: string
  readonly number: number
  readonly pattern: string
  readonly status: Status
  readonly result: 'incident' | 'near-miss' | 'silence'
  readonly outcome: string
  readonly confidence: number
  readonly parts: ConfidenceParts | null
  readonly hops: readonly Hop[]
  /** Steps that did not happen though their source was watching. */
  readonly missing: readonly string[]
  /** Steps of which nothing can be said, since their source was not watching. */
  readonly unseen: readonly Unseen[]
  /** Steps that may still come. */
  readonly pending: readonly string[]
  readonly losses: readonly VerdictHole[]
  /** On which workload it falls; null where nothing was concluded. */
  readonly ownership: Ownership | null
  /** The surest of the other ways to read the graph that were weighed. */
  readonly alternatives: readonly Reading[]
  /** Which container of its pod it is about. */
  readonly containerName?: string
  /** How that is known: by the `event` itself, by `RUNS`, as the `only container of the pod`; or `none`. */
  readonly containerResolver?: string
  readonly recordedAt: number
}

/** What the confidence is made of: rule x joins, divided among alternatives, and no more than the least cap. */
export interface ConfidenceParts {
  readonly rule: number
  readonly joins: number
  /** Worth of each link's witnesses, by step and origin. */
  readonly links: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly alternatives: number
  readonly caps: readonly { readonly why: string; readonly value: number }[]
}

/** Who owns what is affected in the end. */
export interface Owner {
  readonly key: string
  readonly kind: string
  readonly name: string | null
  readonly namespace: string | null
}

/** The top owner, and how it is known: by `owner references`, by the `K8sContext` of an event where those were not all told, or `none`. */
export interface Ownership {
  /** Owner references lead to an object without owner, or to a kind that nobody watches. */
  readonly whole: boolean
  readonly resolver: 'owner references' | 'K8sContext' | 'none'
  readonly workload: Owner | null
}

/** Another way to read the graph, less sure than what the verdict says. */
export interface Reading {
  readonly outcome: string
  readonly confidence: number
  readonly evidence: readonly { readonly step: string; readonly id: string }[]
  readonly workload: Owner | null
}

/** Two events and the key that joins them. */
export interface Hop {
  /** Kinds of the two. */
  readonly from: string
  readonly to: string
  readonly fromId: string
  readonly toId: string
  readonly joinKey: string
  /** The key's value, where both events carry it. */
  readonly joinValue: string | null
  /** Collectors that told the key, on either side. */
  readonly resolver: string
  /** µs from the one to the other; the stamps may be off by `lagUncertainty`. */
  readonly lag: number
  readonly lagUncertainty: number
  readonly confidence: number
}

/** A step of which nothing can be said, and why. */
export interface Unseen {
  readonly step: string
  readonly source: string
  readonly why: string
}

/** A known gap or loss that the verdict had to live with. */
export interface VerdictHole {
  readonly hole: 'gap' | 'loss'
  readonly source: string
  readonly from: number
  readonly to: number
  readonly what: string
  readonly count?: number
}

export interface Evidence {
  readonly step: string
  readonly event: StoredEvent
}

export interface Affected {
  readonly role: string
  readonly object: StoredObject
}

export interface OccurrenceDetail {
  readonly occurrence: Occurrence
  /** The newest by the knowledge time; null where there was none yet. */
  readonly verdict: Verdict | null
  /** In the order of the chain. */
  readonly evidence: readonly Evidence[]
  readonly affected: readonly Affected[]
}

/** Lists and objects are stored as texts of JSON. */
type RawVerdict = Omit<Verdict, 'parts' | 'hops' | 'losses' | 'unseen' | 'ownership' | 'alternatives'> & {
  readonly parts?: string
  readonly hops?: string
  readonly losses?: string
  readonly unseenSources?: string
  readonly ownership?: string
  readonly alternatives?: string
  readonly affected?: string
  readonly lanes?: string
}

const parsed = <T>(text: string | undefined): T[] => (text === undefined ? [] : (JSON.parse(text) as T[]))
const parsedOne = <T>(text: string | undefined): T | null => (text === undefined ? null : (JSON.parse(text) as T))

/** What it affects is told beside it. */
const verdictOf = ({ unseenSources, affected, lanes, ...raw }: RawVerdict): Verdict => ({
  ...raw,
  parts: parsedOne(raw.parts),
  hops: parsed(raw.hops),
  losses: parsed(raw.losses),
  unseen: parsed(unseenSources),
  ownership: parsedOne(raw.ownership),
  alternatives: parsed(raw.alternatives),
})

/** A page of an incident's occurrences, the latest first. */
export const occurrences = async (
  reader: Reader,
  incident: string,
  page: { first?: number; after?: string; from?: number } = {},
): Promise<Page<Occurrence>> => {
  const first = pageSize(page.first ?? 20)
  const [afterAt, afterId] = page.after === undefined ? [OPEN, ''] : decodeCursor(page.after)
  const rows = await reader.read<{ occurrence: Occurrence }>(OCCURRENCES, {
    incidents: [incident],
    from: page.from ?? 0,
    afterAt,
    afterId,
    limit: first + 1,
  })
  const items = rows.slice(0, first).map((row) => row.occurrence)
  const last = items.at(-1)
  return { items, endCursor: rows.length > first && last ? encodeCursor([last.at, last.id]) : null }
}

export interface Touching {
  readonly occurrence: Occurrence
  /** Null for a near miss. */
  readonly incident: Incident | null
}

/** The latest occurrences that affect any of `keys` in the window. */
export const occurrencesTouching = (
  reader: Reader,
  keys: readonly string[],
  window: Window,
  limit = 100,
): Promise<Touching[]> => reader.read<Touching>(TOUCHING, { keys, from: window.from, to: window.to, limit })

/** In the order of the chain, as the hops tell it: stamps of whole seconds can't. What no hop names comes last, by time. */
const inOrder = (evidence: readonly Evidence[], hops: readonly Hop[]): Evidence[] => {
  const named = [...new Set(hops.flatMap(({ fromId, toId }) => [fromId, toId]))]
  const depth = new Map(named.map((id) => [id, 0]))
  // A chain of n events is n - 1 deep: so many rounds settle it.
  for (let round = 1; round < named.length; round++)
    for (const { fromId, toId } of hops) depth.set(toId, Math.max(depth.get(toId)!, depth.get(fromId)! + 1))
  const place = (id: string): number => depth.get(id) ?? named.length
  const told = (id: string): number => named.indexOf(id)
  return evidence.toSorted(
    ({ event: a }, { event: b }) =>
      place(a.id) - place(b.id) || told(a.id) - told(b.id) || a.at - b.at || (a.id < b.id ? -1 : 1),
  )
}

/** By role and name: the graph gives edges in no order, and two occurrences are to be compared. */
const byRole = (affected: readonly Affected[]): Affected[] =>
  affected.toSorted((a, b) => {
    const [one, other] = [a, b].map(({ role, object }) => `${role} ${object.name ?? ''} ${object.key}`)
    return one! < other! ? -1 : 1
  })

/** Objects of one occurrence that are told. */
const AFFECTED = 200

/**
 * Occurrences by id with their newest verdict as known at `known`: what it said of them, its evidence and what they affect. The
 * edges to what is affected follow the newest verdict of all, so that the verdict's own word is taken.
 */
export const occurrenceDetails = async (
  reader: Reader,
  ids: readonly string[],
  known: number,
): Promise<Map<string, OccurrenceDetail>> => {
  const rows = await reader.read<Omit<OccurrenceDetail, 'verdict' | 'affected'> & { verdict: RawVerdict | null }>(
    EVIDENCE,
    { ids, known },
  )
  const named = new Map(
    rows.map(({ occurrence, verdict }) => [
      occurrence.id,
      parsed<{ key: string; role: string }>(verdict?.affected).slice(0, AFFECTED),
    ]),
  )
  const found = await objects(reader, [...new Set([...named.values()].flat().map(({ key }) => key))])
  return new Map(
    rows.map(({ occurrence, verdict: raw, evidence }) => {
      const verdict = raw === null ? null : verdictOf(raw)
      const { status, outcome, confidence } = verdict ?? occurrence
      const affected = named.get(occurrence.id)!.flatMap(({ key, role }): Affected[] => {
        const object = found.get(key)
        return object === undefined ? [] : [{ role, object }]
      })
      return [
        occurrence.id,
        {
          occurrence: { ...occurrence, status, outcome, confidence },
          verdict,
          evidence: inOrder(evidence, verdict?.hops ?? []),
          affected: byRole(affected),
        },
      ]
    }),
  )
}

/** Every verdict on each occurrence, the oldest first. */
export const verdicts = async (reader: Reader, ids: readonly string[]): Promise<Map<string, Verdict[]>> => {
  const rows = await reader.read<{ id: string; verdict: RawVerdict }>(VERDICTS, { ids })
  return new Map(
    [...Map.groupBy(rows, (row) => row.id)].map(([id, found]) => [id, found.map((row) => verdictOf(row.verdict))]),
  )
}
