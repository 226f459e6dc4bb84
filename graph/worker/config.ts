/** How long things are kept, from the environment. */
import { type Ages, DAY } from '../ingest/main.ts'

const DAYS = { events: 14, incidents: 365 }

const daysOf = (name: string, text: string | undefined, otherwise: number): number => {
  if (text === undefined || text === '') return otherwise
  const [, days] = /^(\d+(?:\.\d+)?)d$/.exec(text) ?? []
  if (days !== undefined && Number(days) > 0) return Number(days)
  throw new Error(`${name}: got '${text}', expected days such as 14d`)
}

/**
 * AITIA_RETENTION (14d unless set): how long events, states and relations are kept. AITIA_RETENTION_INCIDENTS (365d): how long
 * incidents are, with the evidence of the first and the last occurrence. Throws where the second is shorter than the first.
 */
export const retentionConfig = (
  { AITIA_RETENTION: events, AITIA_RETENTION_INCIDENTS: incidents }: NodeJS.ProcessEnv = process.env,
): Ages => {
  const kept = daysOf('AITIA_RETENTION', events, DAYS.events)
  const ofIncidents = daysOf('AITIA_RETENTION_INCIDENTS', incidents, Math.max(kept, DAYS.incidents))
  if (ofIncidents < kept)
    throw new Error(`AITIA_RETENTION_INCIDENTS: got ${ofIncidents}d, expected no less than AITIA_RETENTION, ${kept}d`)
  return { events: Math.round(kept * DAY), incidents: Math.round(ofIncidents * DAY) }
}
