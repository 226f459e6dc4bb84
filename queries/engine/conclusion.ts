/** From a judgement to the nodes that say it. Pure. */
import type { ObjectRef } from '../../graph/model/observation.ts'
import { now } from '../../graph/model/time.ts'
import { withoutCluster } from '../reads/read.ts'
import { digest, incidentId, occurrenceId, verdictId } from './identity.ts'
import type { Content, Judgement, Ownership } from './judgement.ts'
import type { Pattern } from './pattern.ts'
import { SHARP } from './stamps.ts'

/** The pattern's occurrences in a cluster: an index finds them by it. */
export const scopeOf = (cluster: string, pattern: Pattern): string => `${cluster}/${pattern.id}`

/** What the graph says of an occurrence so far. */
export interface Stored {
  readonly id: string
  /** The anchor's time, µs. */
  readonly at: number
  readonly number: number
  /** Digest of what its newest verdict says. */
  readonly content: string
  readonly verdictId: string
  readonly result: Content['result']
  readonly awaits: string
  /** Whether it waits for anything. */
  readonly open: boolean
}

/** A verdict that says something new, with all names made. */
export interface Conclusion {
  readonly id: string
  /** Number of the verdict before; who finds another one was overtaken. */
  readonly expected: number
  readonly previous: string | undefined
  readonly verdictId: string
  readonly occurrence: Readonly<Record<string, unknown>>
  readonly verdict: Readonly<Record<string, unknown>>
  readonly incidentId: string | null
  readonly incident: Readonly<Record<string, unknown>>
  readonly evidence: Content['evidence']
  readonly hops: Content['hops']
  readonly affected: Content['affected']
  /** Its workload, where only the context of its events tells of it: the graph may not have it. */
  readonly named: ObjectRef | null
}

const namedBy = (cluster: string, { resolver, workload }: Ownership): ObjectRef | null => {
  if (resolver !== 'K8sContext' || workload === null) return null
  const { kind, name, namespace } = workload
  return {
    ...(kind === 'Pod' ? { kind } : { kind: 'Workload', workloadKind: kind }),
    ...{
      key: withoutCluster(cluster, workload.key),
      ...(name !== null && { name }),
      ...(namespace !== null && { namespace }),
    },
  }
}

/** An incident begins when all required steps are found: what still waits may become a near miss. */
const isIncident = ({ result, status }: Content): boolean => result === 'incident' && status !== 'waiting'

/** Null where the newest verdict says the same. `lanes` is how far the lanes had come when the graph was read. */
export const conclusionOf = (
  pattern: Pattern,
  cluster: string,
  { anchor, content, awaits }: Judgement,
  stored: Stored | undefined,
  lanes: readonly number[],
): Conclusion | null => {
  const said = digest(content)
  if (stored?.content === said) return null
  const id = occurrenceId(cluster, pattern.id, anchor.id)
  const expected = stored?.number ?? 0
  const number = expected + 1
  const name = verdictId(cluster, id, number, said)
  const scope = scopeOf(cluster, pattern)
  const { status, result, outcome, cause, confidence, missing, unseen, pending, ownership, container } = content
  const containerName = container.name
  const { key, ...workload } = ownership.workload ?? {
    ...{ key: anchor.podKey ?? anchor.objectKey, kind: anchor.podKey === undefined ? 'Container' : 'Pod' },
    ...{ name: (anchor.podName as string | undefined) ?? null, namespace: null },
  }
  const both = { cluster, pattern: pattern.id, number, status, result, outcome, cause, confidence, recordedAt: now() }
  const incident = isIncident(content) ? incidentId(cluster, pattern.id, key, containerName, cause) : null
  return {
    id,
    expected,
    previous: stored?.verdictId,
    verdictId: name,
    occurrence: {
      ...both,
      ...{ scope, anchorId: anchor.id, at: anchor.at, containerName, workloadKey: key, whole: ownership.whole },
      ...{ content: said, verdictId: name, awaits: JSON.stringify(awaits) },
      openIn: status === 'final' ? null : scope,
      ...{ until: anchor.at + anchor.uncertainty, wideIn: anchor.uncertainty > SHARP ? scope : null },
      unseenIn: status === 'final' && unseen.length > 0 ? scope : null,
      ...{ incidentId: incident, unfinishedIn: status === 'final' ? null : incident },
    },
    verdict: {
      ...both,
      ...{ occurrenceId: id, missing, pending, lanes: JSON.stringify(lanes) },
      unseen: unseen.map(({ step }) => step),
      unseenSources: JSON.stringify(unseen),
      parts: JSON.stringify(content.parts),
      hops: JSON.stringify(content.hops),
      losses: JSON.stringify(content.losses),
      affected: JSON.stringify(content.affected),
      ownership: JSON.stringify(ownership),
      alternatives: JSON.stringify(content.alternatives),
      ...{ containerName, containerResolver: container.resolver },
    },
    incidentId: incident,
    incident: {
      ...{ cluster, pattern: pattern.id, title: pattern.title, cause, containerName },
      ...{ workloadKey: key, workloadName: workload.name ?? anchor.workloadName ?? null, workloadKind: workload.kind },
      namespace: workload.namespace ?? anchor.namespace ?? null,
    },
    evidence: content.evidence,
    hops: result === 'incident' ? content.hops : [],
    affected: content.affected,
    named: namedBy(cluster, ownership),
  }
}

/** Takes back what was said of an anchor to which the pattern does not apply any more. */
export const withdrawal = (pattern: Pattern, cluster: string, stored: Stored, lanes: readonly number[]): Conclusion => {
  const said = digest('silence')
  const number = stored.number + 1
  const name = verdictId(cluster, stored.id, number, said)
  const both = {
    ...{ cluster, pattern: pattern.id, number, status: 'final', result: 'silence', outcome: '', confidence: 0 },
    recordedAt: now(),
  }
  const empty = { missing: [], unseen: [], pending: [] }
  return {
    ...{ id: stored.id, expected: stored.number, previous: stored.verdictId, verdictId: name },
    occurrence: {
      ...{ ...both, content: said, verdictId: name, awaits: '[]' },
      ...{ openIn: null, unseenIn: null, incidentId: null, unfinishedIn: null },
    },
    verdict: { ...both, ...empty, occurrenceId: stored.id, lanes: JSON.stringify(lanes) },
    ...{ incidentId: null, incident: {}, evidence: [], hops: [], affected: [], named: null },
  }
}
