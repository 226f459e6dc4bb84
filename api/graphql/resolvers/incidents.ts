/** Incidents, occurrences and verdicts. */
import type { Incident } from '../../../queries/reads/incidents.ts'
import {
  type Occurrence,
  type OccurrenceDetail,
  type Owner,
  occurrences,
  type Reading,
  type Verdict,
} from '../../../queries/reads/occurrences.ts'
import { KNOWN_NOW, pageSize } from '../../../queries/reads/read.ts'
import type { Context } from '../context.ts'

/** Most occurrences in one page: each may bring its verdicts with all evidence. */
const OCCURRENCES = 50

/** Of an answer with a knowledge time it has that time. */
export type OccurrenceThen = Occurrence & { readonly known?: number }

type WithEvidence = Verdict & { evidence?: OccurrenceDetail['evidence'] }

const knownOf = ({ known = KNOWN_NOW }: OccurrenceThen): number => known

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
    verdict: async (occurrence: OccurrenceThen, args: { known?: number | null }, context: Context) =>
      newest(
        occurrence.id,
        args.known == null ? knownOf(occurrence) : await context.known(occurrence.cluster, args.known),
        context,
      ),
    verdicts: async (occurrence: Occurrence, _: unknown, { verdicts }: Context) =>
      (await verdicts.load(occurrence.id)) ?? [],
    affected: async (occurrence: OccurrenceThen, _: unknown, { details }: Context) =>
      (await details({ at: 0, known: knownOf(occurrence) }).load(occurrence.id))?.affected ?? [],
  },
  Verdict: { evidence: (verdict: WithEvidence) => verdict.evidence ?? [] },
  Owner: { object: (owner: Owner, _: unknown, { objects }: Context) => objects.load(owner.key) },
  Reading: {
    evidence: async ({ evidence }: Reading, _: unknown, { events }: Context) => {
      const found = await events.loadMany(evidence.map(({ id }) => id))
      // What retention removed is left out.
      return evidence.flatMap(({ step }, index) => {
        const event = found[index]
        return event == null || event instanceof Error ? [] : [{ step, event }]
      })
    },
  },
}
