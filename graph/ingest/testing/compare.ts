/** Compares the graph of a cluster with the brute-force oracle. */
import assert from 'node:assert/strict'
import { OPEN } from '../../model/time.ts'
import type { Store } from '../../store/main.ts'
import { prepare } from '../prepare.ts'
import type { Told } from './history.ts'
import { heldAsKnown, instantsOf, type Known, staleIds } from './oracle.ts'
import { type StoredRecord, sayRow, storedRecords } from './records.ts'

const HELD = `CYPHER 5 MATCH (:Object {cluster: $cluster})-[r WHERE r.from <= $time < r.to AND r.recordedFrom <= $known < r.recordedTo]->(:Object)
RETURN properties(r) AS r, type(r) AS kind`
const KNOWN = `CYPHER 5 MATCH (n:State|Event {cluster: $cluster}) RETURN n.id AS id, n.recordedAt AS recordedAt, n.arrival AS arrival, n.lane AS lane, n.stale AS stale`

interface Stored {
  readonly id: string
  readonly recordedAt: number
  readonly arrival: number
  readonly lane: string
  readonly stale: boolean | null
}

/** When each thing told was recorded, as the graph has it; fails where something is missing or too much. */
const readKnown = async (store: Store, cluster: string, told: readonly Told[]): Promise<Known> => {
  const { states, events } = prepare({ cluster, lane: 0, observations: told, contexts: {} })
  const stored = await store.read<Stored>(KNOWN, { cluster })
  const recordedAt = new Map(stored.map((row) => [row.id, row.recordedAt]))
  const ids = [...states.map(({ view }) => view.id), ...[...events.values()].flat().map((event) => event.id)]
  assert.deepEqual([...recordedAt.keys()].sort(), ids.sort(), 'events and states in the graph')
  assert.equal(new Set(stored.map((row) => `${row.lane} ${row.arrival}`)).size, stored.length, 'an arrival came twice')
  const stale = stored.filter((row) => row.stale).map((row) => row.id)
  assert.deepEqual(stale.sort(), staleIds(states).sort(), 'stale states')
  const timeOf = (id: string) => recordedAt.get(id) as number
  // Not every event claims a relation.
  const claims = told
    .filter((one) => one.type === 'event')
    .flatMap((event) =>
      prepare({ cluster, lane: 0, observations: [event], contexts: {} }).claims.map((claim) => ({
        ...{ claim, recordedAt: timeOf(`${cluster}/${event.id}`) },
      })),
    )
  return { states: states.map((state) => ({ state, recordedAt: timeOf(state.view.id) })), claims }
}

const assertSame = (got: readonly string[], expected: Iterable<string>, where: string): void => {
  const [a, b] = [[...got].sort().join('\n  '), [...expected].sort().join('\n  ')]
  if (a !== b) assert.fail(`${where}: got\n  ${a}\nexpected\n  ${b}`)
}

/** Asks the graph at every instant, as known at every time; a few of the questions in Cypher itself. Returns their number. */
export const compare = async (store: Store, cluster: string, told: readonly Told[]): Promise<number> => {
  const known = await readKnown(store, cluster, told)
  const records = await storedRecords(store, cluster)
  for (const { r } of records) {
    assert.equal(r.end, Math.min(r.to, r.recordedTo), 'end')
    assert.ok(r.from < r.to && r.recordedFrom < r.recordedTo, `an empty record: ${JSON.stringify(r)}`)
  }
  const stamps = new Set([...known.states, ...known.claims].map((row) => row.recordedAt))
  const knownAts = [...stamps].flatMap((stamp) => [stamp - 1, stamp]).concat(OPEN - 1)
  const times = instantsOf(known)
  let questions = 0
  for (const knownAt of knownAts) {
    const heldAt = heldAsKnown(known, knownAt)
    const recorded = records
      .filter(({ r }) => r.recordedFrom <= knownAt && knownAt < r.recordedTo)
      .map((record) => ({ ...record.r, text: sayRow(record) }))
    for (const time of times) {
      const held = recorded.filter(({ from, to }) => from <= time && time < to)
      const where = `at ${time} as known at ${knownAt}`
      const expected = heldAt(time)
      assertSame(
        held.map(({ text }) => text),
        expected,
        where,
      )
      if (questions++ % 997 === 0) {
        const rows = await store.read<StoredRecord>(HELD, { cluster, time, known: knownAt })
        assertSame(rows.map(sayRow), expected, `${where}, in Cypher`)
      }
    }
  }
  return questions
}
