/** Incidents, occurrences and verdicts. */
import type { Incident } from '../../../queries/reads/incidents.ts'
import {
  type Occurrence,
  type OccurrenceDetail,
  occurrences,
  type Verdict,
} from '../../../queries/reads/occurrences.ts'
import { KNOWN_NOW, pageSize } from '../../../queries/reads/read.ts'
import type { Context } from '../context.ts'

/** Most occurrences in one page: each may bring its verdicts with all evidence. */
const OCCURRENCES = 50

type WithEvidence = Verdict & { evidence?: OccurrenceDetail['evidence'] }

const newest = async (id: string, known: number, { details }: Context): Promise<WithEvidence | null> => {
  const detail = await details({ at: 0, known }).load(id)
  return detail?.verdict ? { ...detail.verdict, evidence: detail.evidence } : null
}

export const incidents = {
  Status: { WAITING: 'waiting', PROVISIONAL: 'provisional', FINAL: 'final' },
  Result: { INCIDENT: 'incident', NEAR_MISS: 'near-miss', SILENCE: 'silence' },
  Incident: {
    workload: (incident: Incident, _: unknown, { objects }: Context) => objects.load(incident.workloadKey),
    occurrences: (incident: Incident, args: { first: number; after?: string }, { reader }: Context) =>
      occurrences(reader, incident.id, { ...args, first: pageSize(args.first, OCCURRENCES) }),
  },
  Occurrence: {
    anchor: (occurrence: Occurrence, _: unknown, { events }: Context) => events.load(occurrence.anchorId),
    verdict: async (occurrence: Occurrence, args: { known?: number }, context: Context) =>
      newest(occurrence.id, await context.known(occurrence.cluster, args.known), context),
    verdicts: async (occurrence: Occurrence, _: unknown, { verdicts }: Context) =>
      (await verdicts.load(occurrence.id)) ?? [],
    affected: async (occurrence: Occurrence, _: unknown, { details }: Context) =>
      (await details({ at: 0, known: KNOWN_NOW }).load(occurrence.id))?.affected ?? [],
  },
  Verdict: { evidence: (verdict: WithEvidence) => verdict.evidence ?? [] },
}
