import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { StateObservation } from '../model/observation.ts'
import { OPEN } from '../model/time.ts'
import {
  type Claim,
  claimsOf,
  deriveRecords,
  mergeClaims,
  type RelationRecord,
  type StateView,
  settle,
} from './derive.ts'
import { FIXED_LAW, prepare, STATE_LAW } from './prepare.ts'
import { type History, history, type Told } from './testing/history.ts'
import { heldAsKnown, instantsOf, type Known, say } from './testing/oracle.ts'

interface Kept extends RelationRecord {
  readonly id: string
  readonly recordedFrom: number
  recordedTo: number
}

/** A graph in memory: the writer's steps, with its reads as plain searches. */
class Memory {
  readonly states = new Map<string, { key: string; view: StateView; recordedAt: number; stale: boolean }>()
  readonly records: Kept[] = []
  readonly claims: { claim: Claim; recordedAt: number }[] = []
  #now = 0
  #ids = 0

  write(observations: readonly Told[]): void {
    const prepared = prepare({ cluster: 'c', lane: 0, observations, contexts: {} })
    const now = ++this.#now
    const arrived = Map.groupBy(
      prepared.states.filter(({ view }) => !this.states.has(view.id)),
      (state) => state.key,
    )
    const claims = [...prepared.claims]
    this.claims.push(...prepared.claims.map((claim) => ({ claim, recordedAt: now })))
    for (const [key, rows] of arrived) {
      const views = rows.map((row) => row.view)
      const min = Math.min(...views.map((view) => view.at))
      const max = Math.max(...views.map((view) => view.at))
      const version = Math.max(...views.map((view) => view.version))
      const own = [...this.states.values()]
        .filter((state) => state.key === key && !state.stale)
        .map((state) => state.view)
      own.sort((a, b) => a.at - b.at)
      const before = own.findLast((view) => view.at < min) ?? null
      const after = own.find((view) => view.at > max && view.version >= version) ?? null
      const between = own.filter((view) => view.at >= min && view.at < (after?.at ?? OPEN))
      const settled = settle({ before, between, after }, views, STATE_LAW)
      for (const view of views) this.states.set(view.id, { key, view, recordedAt: now, stale: false })
      for (const id of settled.stale) (this.states.get(id) as { stale: boolean }).stale = true
      for (const kind of settled.changed) {
        const current = this.#current(kind, key, before?.at ?? -1, after?.at ?? OPEN)
        this.#apply(deriveRecords(key, kind, settled, current), now)
      }
      claims.push(...views.flatMap((view) => claimsOf(view, FIXED_LAW)))
    }
    for (const [by, own] of Map.groupBy(claims, (claim) => claim.fromKey))
      this.#apply(mergeClaims(own, this.#current('RUNS', by, -1, OPEN)), now)
  }

  get lastWrite(): number {
    return this.#now
  }

  #current(kind: string, by: string, after: number, until: number): Kept[] {
    const isCurrent = (r: Kept) => r.recordedTo === OPEN && r.kind === kind && r.by === by
    return this.records.filter((r) => isCurrent(r) && r.to > after && r.from <= until)
  }

  #apply(
    { supersede, insert }: { supersede: readonly { id: string }[]; insert: readonly RelationRecord[] },
    now: number,
  ) {
    const ended = new Set(supersede.map((record) => record.id))
    for (const record of this.records) if (ended.has(record.id)) record.recordedTo = now
    for (const record of insert)
      this.records.push({ ...record, id: `${++this.#ids}`, recordedFrom: now, recordedTo: OPEN })
  }

  get known(): Known {
    const rows = [...this.states.values()]
    return {
      states: rows.map(({ key, view, recordedAt }) => ({ state: { key, view, properties: {} }, recordedAt })),
      claims: this.claims,
    }
  }
}

const play = ({ deliveries }: Pick<History, 'deliveries'>): Memory => {
  const memory = new Memory()
  for (const { observations, fate } of deliveries) if (fate !== 'lost before commit') memory.write(observations)
  return memory
}

const answersAt = (records: readonly Kept[], time: number, knownAt: number): string[] =>
  records
    .filter((r) => r.from <= time && time < r.to && r.recordedFrom <= knownAt && knownAt < r.recordedTo)
    .map((r) => say(r.kind, r.by, r.fromKey, r.toKey, r.properties))

const believed = (memory: Memory): string[] =>
  memory.records
    .filter((record) => record.recordedTo === OPEN)
    .map((r) => `${say(r.kind, r.by, r.fromKey, r.toKey, r.properties)} [${r.from}, ${r.to}) ±${r.uncertainty}`)
    .sort()

const RUNS = 2_000

const pod = { kind: 'Pod', key: 'p' } as const
const shown = (
  at: number,
  node: string | null,
  more: Partial<StateObservation> = {},
  since?: number,
): StateObservation => ({
  ...{ type: 'state', object: pod, at, version: 0, uncertainty: 0, source: 'kubernetes@cluster' },
  body: { labels: [], phase: 'Running', ready: true },
  relations:
    node === null
      ? []
      : [{ kind: 'RUNS_ON', to: { kind: 'Node', key: node }, ...(since === undefined ? {} : { since }) }],
  ...more,
})
const recordsOf = (...observations: StateObservation[]): [string, number, number, number][] => {
  const memory = new Memory()
  for (const observation of observations) memory.write([observation])
  const current = memory.records.filter((record) => record.recordedTo === OPEN).sort((a, b) => a.from - b.from)
  return current.map((record) => [record.toKey, record.from, record.to, record.uncertainty])
}

describe('a record', () => {
  it('begins when it was first seen, uncertain back to creation', () => {
    assert.deepEqual(recordsOf(shown(100, 'n', { uncertainty: 60 })), [['c/n', 100, OPEN, 60]])
  })
  it('is uncertain no further than to the state before, which did not declare it', () => {
    assert.deepEqual(recordsOf(shown(80, null), shown(100, 'n', { uncertainty: 60 })), [['c/n', 100, OPEN, 20]])
  })
  it('begins since the time that the object gives, but not before the state before', () => {
    assert.deepEqual(recordsOf(shown(80, null), shown(100, 'n', {}, 90)), [['c/n', 90, OPEN, 0]])
    assert.deepEqual(recordsOf(shown(80, null), shown(100, 'n', {}, 70)), [['c/n', 80, OPEN, 0]])
    assert.deepEqual(recordsOf(shown(100, 'n', {}, 70)), [['c/n', 70, OPEN, 0]])
  })
  it('does not begin later than it was seen, whatever a clock that is ahead says', () => {
    assert.deepEqual(recordsOf(shown(100, 'n', {}, 130)), [['c/n', 100, OPEN, 0]])
  })
  it('is one while consecutive states declare it, also those that come late', () => {
    assert.deepEqual(recordsOf(shown(100, 'n'), shown(300, 'n'), shown(200, 'n')), [['c/n', 100, OPEN, 0]])
    assert.deepEqual(recordsOf(shown(100, 'n'), shown(300, 'n'), shown(200, 'm')), [
      ['c/n', 100, 200, 0],
      ['c/m', 200, 300, 0],
      ['c/n', 300, OPEN, 0],
    ])
  })
  it('ends with the tombstone, and what comes again is another', () => {
    const gone = { deleted: true as const, body: {} }
    assert.deepEqual(recordsOf(shown(100, 'n'), shown(200, null, gone), shown(300, 'n')), [
      ['c/n', 100, 200, 0],
      ['c/n', 300, OPEN, 0],
    ])
  })
  it('is not moved by a version that is older than what was seen before', () => {
    assert.deepEqual(recordsOf(shown(100, 'n', { version: 7 }), shown(200, 'm', { version: 6 })), [
      ['c/n', 100, OPEN, 0],
    ])
    assert.deepEqual(recordsOf(shown(200, 'm', { version: 6 }), shown(100, 'n', { version: 7 })), [
      ['c/n', 100, OPEN, 0],
    ])
  })
})

describe('relations derived from states', () => {
  it('equal the history at every instant, as known at every time', (t) => {
    let questions = 0
    fc.assert(
      fc.property(history(30), (given) => {
        const memory = play(given)
        const known = memory.known
        const times = instantsOf(known)
        for (let knownAt = 0; knownAt <= memory.lastWrite; knownAt++) {
          const heldAt = heldAsKnown(known, knownAt)
          for (const time of times) {
            questions++
            const got = answersAt(memory.records, time, knownAt).sort()
            const expected = [...heldAt(time)].sort()
            if (got.join('\n') !== expected.join('\n'))
              assert.fail(
                `at ${time} as known at ${knownAt}: got\n  ${got.join('\n  ')}\nexpected\n  ${expected.join('\n  ')}`,
              )
          }
        }
      }),
      { numRuns: RUNS },
    )
    t.diagnostic(`${questions} questions asked of ${RUNS} histories`)
  })

  it('end the same in whatever order they came, their uncertainty included', () => {
    fc.assert(
      fc.property(history(30), (given) => {
        const inOrder = play({ deliveries: [{ observations: given.told, fate: 'written' }] })
        const oneByOne = play({
          deliveries: given.told.map((one) => ({ observations: [one], fate: 'written' as const })),
        })
        assert.deepEqual(believed(play(given)), believed(inOrder))
        assert.deepEqual(believed(oneByOne), believed(inOrder))
      }),
      { numRuns: RUNS },
    )
  })

  it('have records that are no shorter than a moment, and none twice', () => {
    fc.assert(
      fc.property(history(30), (given) => {
        const { records } = play(given)
        for (const record of records) assert.ok(record.from < record.to && record.recordedFrom < record.recordedTo)
      }),
      { numRuns: RUNS / 4 },
    )
  })
})
