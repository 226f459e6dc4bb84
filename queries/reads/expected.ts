/** What must come of an incident's recording when it is replayed. */
import type { Expectation } from '../../graph/model/recording.ts'
import { MINUTE } from '../../graph/model/time.ts'
import type { Window } from './family.ts'
import type { Incident } from './incidents.ts'
import { type OccurrenceDetail, occurrenceDetails, occurrencesTouching } from './occurrences.ts'
import { KNOWN_NOW, type Reader, withoutCluster } from './read.ts'
import { kindOf, type StoredEvent } from './stored.ts'

/** µs from an edge of a recording within which it may lack what shows that a step is missing: it holds nothing beyond. */
const EDGE = 2 * MINUTE

/** Of a recording: what is in it, and what is expected of that. */
export interface Expected {
  readonly events: readonly StoredEvent[]
  readonly expect: readonly Expectation[]
}

const affectedText = ({ affected }: OccurrenceDetail): string[] =>
  affected.map(
    ({ role, object }) => `${role}: ${kindOf(object)}/${object.name ?? withoutCluster(object.cluster, object.key)}`,
  )

const incidentOf = (
  { pattern, workloadKind, workloadName, containerName }: Incident,
  occurrences: number,
): Expectation => ({
  ...{ pattern, result: 'incident', status: 'final', workload: `${workloadKind}/${workloadName}` },
  ...(containerName === undefined ? {} : { container: containerName }),
  occurrences,
})

const nearMissOf = (detail: OccurrenceDetail): Expectation => {
  const top = ['workload: ', 'pod: '].flatMap((role) => affectedText(detail).filter((text) => text.startsWith(role)))[0]
  const { containerName, missing } = detail.verdict!
  return {
    ...{ pattern: detail.occurrence.pattern, result: 'near-miss', status: 'final', missing: missing[0]! },
    ...(top === undefined ? {} : { workload: top.replace(/^\w+: /, '') }),
    ...(containerName === undefined ? {} : { container: containerName }),
  }
}

/**
 * All that the incident's pattern concludes of `found`: of `own`, the incident's occurrences (the latest first), and of others,
 * such as another container of the same pod. An anchor of which it can't be told what a replay makes of it is left out: not
 * final yet, or a near miss at the edge.
 */
export const expected = async (
  reader: Reader,
  incident: Incident,
  own: readonly OccurrenceDetail[],
  {
    keys,
    found,
    window,
    limit,
  }: { keys: readonly string[]; found: readonly StoredEvent[]; window: Window; limit: number },
): Promise<Expected> => {
  const ids = new Set(found.map((event) => event.id))
  const ownAnchors = new Set(own.map(({ occurrence }) => occurrence.anchorId))
  const others = (await occurrencesTouching(reader, keys, window, limit)).filter(
    ({ occurrence: { pattern, status, anchorId, at }, incident: of }) =>
      pattern === incident.pattern &&
      ids.has(anchorId) &&
      !ownAnchors.has(anchorId) &&
      status === 'final' &&
      (of !== null || (at - EDGE >= window.from && at + EDGE < window.to)),
  )
  const anchors = new Set([...ownAnchors, ...others.map(({ occurrence }) => occurrence.anchorId)])
  const kinds = new Set(found.filter((event) => ownAnchors.has(event.id)).map((event) => event.kind))
  const nearMisses = others.filter((it) => it.incident === null).map((it) => it.occurrence.id)
  const details = await occurrenceDetails(reader, nearMisses, KNOWN_NOW)

  const latest = own[0]!
  const about = { outcome: latest.occurrence.outcome, affected: affectedText(latest) }
  const groups = [
    { at: own.at(-1)!.occurrence.at, expectation: { ...incidentOf(incident, own.length), ...about } },
    ...[...Map.groupBy(others, (it) => it.incident?.id).values()].flatMap((members) => {
      const [{ incident: of }] = members as [(typeof others)[number]]
      const at = Math.min(...members.map(({ occurrence }) => occurrence.at))
      return of === null ? [] : [{ at, expectation: incidentOf(of, members.length) }]
    }),
    ...[...details.values()].map((detail) => ({ at: detail.occurrence.at, expectation: nearMissOf(detail) })),
  ]
  return {
    events: found.filter((event) => anchors.has(event.id) || !kinds.has(event.kind)),
    // By time: of two that are told apart by their cause alone, the first is met by the first.
    expect: groups.sort((a, b) => a.at - b.at).map(({ expectation }) => expectation),
  }
}

/**
 * Of an incident whose history was removed: that it comes. What it affects, its owner and its other steps are told by what may
 * be gone, and so are other occurrences: their anchors are left out.
 */
export const expectedOfRemains = (
  { pattern, containerName }: Incident,
  own: readonly OccurrenceDetail[],
  found: readonly StoredEvent[],
): Expected => {
  const ids = new Set(own.map(({ occurrence }) => occurrence.anchorId))
  const anchors = found.filter(({ id }) => ids.has(id))
  const kinds = new Set(anchors.map(({ kind }) => kind))
  const named = containerName !== undefined && anchors.every((anchor) => anchor.containerName === containerName)
  return {
    events: found.filter((event) => ids.has(event.id) || !kinds.has(event.kind)),
    expect: [{ pattern, result: 'incident', ...(named ? { container: containerName } : {}) }],
  }
}
