import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SECOND } from '../../model/time.ts'
import { eventOf, heartbeatOf, SOURCE } from '../testing/observations.ts'
import { Ledger } from './ledger.ts'

const folder = mkdtempSync(join(tmpdir(), 'aitia-ledger-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('sums losses by source, keeps them over a restart, and forgets them when they are told', () => {
  const first = new Ledger(folder)
  first.dropped(3, [eventOf(5, 500), { ...eventOf(6, 200), uncertainty: 1_000 }, heartbeatOf(9)])
  const other = { type: 'loss', source: 'ebpf@a', from: 1, to: 2, count: 7, what: 'oom_kill' } as const
  const gap = { type: 'gap', source: 'ebpf@a', from: 3, to: 4, reason: 'restart' } as const
  for (let lane = 0; lane < 8; lane++) first.dropped(lane, [other, gap])
  const again = new Ledger(folder)
  assert.deepEqual(again.untold(), [
    { type: 'loss', source: SOURCE, from: 200, to: 1_200, count: 2, what: 'spool', kinds: ['pod-created'] },
    other,
    gap,
  ])
  again.told()
  assert.deepEqual(new Ledger(folder).untold(), [])
  assert.equal(existsSync(join(folder, 'losses.json')), false)
})

test('what is being told stays as it is until all lanes have it, over a restart too; what is lost meanwhile comes after it', () => {
  const ledger = new Ledger(folder)
  ledger.dropped(3, [eventOf(5, 500)])
  const told = ledger.untold()
  ledger.dropped(3, [eventOf(6, 700)])
  assert.deepEqual(ledger.untold(), told)
  assert.deepEqual(new Ledger(folder).untold(), told)
  ledger.told()
  const [rest] = ledger.untold()
  assert.deepEqual([rest?.from, rest?.to], [700, 700])
  ledger.told()
  assert.deepEqual(ledger.untold(), [])
})

test('what the disk refuses is said, and written as soon as it does not', () => {
  const ledger = new Ledger(folder)
  // stands where the ledger writes
  mkdirSync(join(folder, 'losses.json.new'))
  ledger.dropped(3, [eventOf(5, 500)])
  assert.match(ledger.unsaved ?? '', /EISDIR/)
  assert.equal(new Ledger(folder).untold().length, 0)
  rmSync(join(folder, 'losses.json.new'), { recursive: true })
  ledger.save()
  assert.equal(ledger.unsaved, null)
  assert.equal(new Ledger(folder).untold().length, 1)
  ledger.told()
})

test('damage is told to each source once a run', () => {
  const ledger = new Ledger(folder)
  ledger.damaged([{ from: 60 * SECOND, to: 70 * SECOND, bytes: 100 }])
  const told = { type: 'loss', source: 'a', from: 50 * SECOND, to: 70 * SECOND, count: 1, what: 'spool-damage' }
  assert.deepEqual(ledger.untoldOf('a'), [told])
  assert.deepEqual(ledger.untoldOf('a'), [])
  assert.deepEqual(new Ledger(folder).untoldOf('b'), [{ ...told, source: 'b' }])
})
