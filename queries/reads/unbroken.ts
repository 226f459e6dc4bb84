/** Since when nothing was missed: what an answer says of the time before its window holds no further back. */
import { LAG, spansOf } from './coverage.ts'
import type { Window } from './family.ts'
import { type Reader, statement } from './read.ts'
import type { Source } from './sources.ts'
import { type ExpectedSource, TELLING, tellsOf } from './watching.ts'

const MISSED_BEFORE = statement('missed-before')

/** When each of the sources last missed something before a time by its own word, µs; 0 for one that never did. */
const missedBefore = async (
  reader: Reader,
  cluster: string,
  sources: readonly string[],
  { to, known }: Pick<Window, 'to' | 'known'>,
): Promise<Map<string, number>> => {
  const rows = await reader.read<{ source: string; at: number | null }>(MISSED_BEFORE, {
    ...{ cluster, sources, kinds: TELLING, to, known },
  })
  return new Map(rows.map(({ source, at }) => [source, Math.min(at ?? 0, to)]))
}

/** From when on, up to `to`, all sources that are expected to tell of a family missed nothing, µs; `to` where one was not watching then. */
export const unbrokenSince = async (
  reader: Reader,
  cluster: string,
  wanted: readonly ExpectedSource[],
  heard: readonly Source[],
  { to, known }: Pick<Window, 'to' | 'known'>,
): Promise<number> => {
  const missed = await missedBefore(
    reader,
    cluster,
    wanted.map(({ source }) => source),
    { to, known },
  )
  const since = wanted.flatMap(({ source, collector }) => {
    const sessions = heard.find((it) => it.source === source)?.sessions ?? []
    const begins = tellsOf(collector).map((kind) => {
      const last = spansOf(sessions, kind).findLast(({ from }) => from < to)
      return last !== undefined && to - last.to <= LAG ? last.from : to
    })
    return [missed.get(source) ?? 0, ...begins]
  })
  return Math.max(0, ...since)
}

/** From when on a source has missed no state, up to the last that it has told by `to`, µs; null where it never watched. */
export const statesUnbrokenSince = async (
  reader: Reader,
  cluster: string,
  source: Source,
  { to, known }: Pick<Window, 'to' | 'known'>,
): Promise<number | null> => {
  // States are told of all kinds that are watched: one that it can't see breaks nothing.
  const last = spansOf(source.sessions).findLast(({ from }) => from < to)
  if (last === undefined) return null
  const missed = await missedBefore(reader, cluster, [source.source], { to, known })
  return Math.max(last.from, missed.get(source.source) ?? 0)
}
