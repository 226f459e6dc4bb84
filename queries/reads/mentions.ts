/** Whether others told of objects that no source has watched: events, and relations that others declare. */
import { pascalCase } from '../../graph/model/generate/names.ts'
import { EVENTS } from '../../graph/model/generated/registry.ts'
import { instant, stepsFrom } from './links.ts'
import { type AsOf, forKind, type Reader, statement } from './read.ts'

const NEWEST = statement('events-newest')

/** The newest event of each key by then, µs. */
const newestEvents = async (reader: Reader, keys: readonly string[], asOf: AsOf): Promise<Map<string, number>> => {
  const rows = await Promise.all(
    Object.keys(EVENTS).map((kind) =>
      reader.read<{ key: string; at: number }>(forKind(NEWEST, pascalCase(kind)), { keys, ...asOf }),
    ),
  )
  const byKey = Map.groupBy(rows.flat(), ({ key }) => key)
  return new Map([...byKey].map(([key, all]) => [key, Math.max(...all.map(({ at }) => at))]))
}

/**
 * Of each key that something told of by then, when it last spoke of it as there, µs: the time asked about where a relation
 * holds then, else that of its newest event, else 0 where there were only relations that have ended. Other keys are left out.
 */
export const mentions = async (reader: Reader, keys: readonly string[], asOf: AsOf): Promise<Map<string, number>> => {
  if (keys.length === 0) return new Map()
  const rows = keys.map((key) => ({ key, own: false }))
  const [held, ever, happened] = await Promise.all([
    stepsFrom(reader, 'beside', rows, instant(asOf)),
    stepsFrom(reader, 'beside', rows, { ...instant(asOf), from: 0 }),
    newestEvents(reader, keys, asOf),
  ])
  return new Map([
    ...ever.steps.map(({ key }) => [key, 0] as const),
    ...happened,
    ...held.steps.map(({ key }) => [key, asOf.at] as const),
  ])
}
