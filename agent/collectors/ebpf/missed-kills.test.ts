import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECOND } from '../../../graph/model/time.ts'
import { missedKills } from './missed-kills.ts'

const DAY = 86_400 * SECOND
const HOUR = 3_600 * SECOND
const HOST = { key: 'host', hostname: 'host', bootId: 'boot' }
/** Of the wall clock from the boot clock. */
const OFFSET = 20_000 * DAY

/** As the log has it; the drift of its clock is in `at`. */
const kill = (at: number, pid = 7) => ({
  sequence: 1,
  at,
  global: false,
  oomGroup: false,
  triggerPid: pid,
  triggerCommand: 'tail',
  victims: [{ pid, command: 'tail', bytes: 0 }],
})

/** A gap after an hour of watching, by the boot clock. */
const gap = (from: number, to: number) => ({
  watchedFrom: from + OFFSET - HOUR,
  from: from + OFFSET,
  to: to + OFFSET,
  offset: OFFSET,
  suspended: [0, 0] as const,
})

const DRIFTED = 5 * SECOND

test('ten days after the boot the log is seconds off: what was told is known again, and what was missed still found', () => {
  const at = 10 * DAY
  for (const drift of [-DRIFTED, DRIFTED]) {
    const logged = [kill(at + drift)]
    const hours = gap(at - HOUR, at + HOUR)
    assert.deepEqual(missedKills(logged, HOST, hours, new Map([[7, at * 1_000]])), [], 'told')
    for (const seen of [new Map(), new Map([[7, (at - DAY) * 1_000]])]) {
      const [missed, ...others] = missedKills(logged, HOST, hours, seen)
      assert.ok(missed && others.length === 0)
      assert.ok(missed.at <= at + OFFSET && missed.at + missed.uncertainty >= at + OFFSET)
    }
    const brief = gap(at - SECOND, at + SECOND)
    const [missed] = missedKills(logged, HOST, brief, new Map())
    assert.ok(missed && missed.at >= brief.from - SECOND && missed.at + missed.uncertainty <= brief.to + SECOND)
    const [early] = missedKills(logged, HOST, { ...brief, watchedFrom: brief.from }, new Map())
    assert.ok(early && early.at < brief.from - DRIFTED, 'before anybody watched nobody would have told it')
  }
})

test('a kill long before the gap or after it is none of it, and soon after the boot the two clocks are one', () => {
  for (const at of [10 * DAY, HOUR]) {
    for (const away of [-HOUR, HOUR])
      assert.deepEqual(missedKills([kill(at + away)], HOST, gap(at, at + 1), new Map()), [])
  }
  assert.deepEqual(missedKills([kill(HOUR)], HOST, gap(HOUR + 4 * SECOND, 2 * HOUR), new Map()), [])
})
