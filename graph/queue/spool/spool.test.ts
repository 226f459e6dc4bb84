import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { encodeRecord, type SpoolRecord } from './record.ts'
import { listSegments, segmentFile, waitingBytes } from './segments.ts'
import { Spool } from './spool.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'aitia-spool-'))
  folders.push(made)
  return made
}

const inodeOf = (at: string): number => statSync(segmentFile(at, 1)).ino

const LIMITS = { maxBytes: 64 * 1024, segmentBytes: 4 * 1024 }
const recordOf = (count: number, size = 100): SpoolRecord => ({
  lane: 0,
  version: 1,
  count,
  at: count,
  body: Buffer.alloc(size, count),
})

/** Passes everything on and returns the counts in order. */
const readAll = (spool: Spool, maxBytes = 1_000): number[] => {
  const counts: number[] = []
  while (!spool.empty) {
    const { records, end } = spool.read(maxBytes)
    counts.push(...records.map(({ count }) => count))
    spool.advance(end)
  }
  return counts
}

test('keeps the order over segments and restarts, and frees what was passed on', () => {
  const at = folder()
  let spool = new Spool(at, LIMITS)
  for (let count = 0; count < 100; count++) assert.ok(spool.append(recordOf(count)))
  assert.ok(listSegments(at).length > 2)
  const { records, end } = spool.read(1_500)
  spool.advance(end)
  assert.equal(waitingBytes(at), spool.waitingBytes)
  spool.close()
  spool = new Spool(at, LIMITS)
  assert.deepEqual(
    readAll(spool),
    Array.from({ length: 100 - records.length }, (_, index) => index + records.length),
  )
  assert.equal(spool.waitingBytes, 0)
  assert.equal(waitingBytes(at), 0)
  assert.equal(listSegments(at).length, 1)
  spool.close()
})

test('a record larger than what is read at once is read alone', () => {
  const spool = new Spool(folder(), LIMITS)
  spool.append(recordOf(1, 3_000))
  spool.append(recordOf(2, 10))
  assert.deepEqual(readAll(spool, 64), [1, 2])
  spool.close()
})

test('half a record at the end is cut off; what comes after is kept', () => {
  const at = folder()
  let spool = new Spool(at, LIMITS)
  spool.append(recordOf(1))
  spool.close()
  appendFileSync(segmentFile(at, 1), encodeRecord(recordOf(2)).subarray(0, 77))
  spool = new Spool(at, LIMITS)
  assert.equal(spool.tornBytes, 77)
  assert.deepEqual(spool.takeDamages(), [])
  spool.append(recordOf(3))
  assert.deepEqual(readAll(spool), [1, 3])
  spool.close()
})

test('damage in the middle is told, with the times between which it was written', () => {
  const at = folder()
  let spool = new Spool(at, LIMITS)
  for (let count = 0; count < 60; count++) spool.append(recordOf(count))
  spool.close()
  const before = Date.now() * 1_000
  writeSync(openSync(segmentFile(at, 1), 'r+'), Buffer.from('rotten'), 0, 6, 128 * 3 + 40)
  spool = new Spool(at, LIMITS)
  const counts = readAll(spool)
  const [damage, ...more] = spool.takeDamages()
  assert.deepEqual(counts.slice(0, 3), [0, 1, 2])
  assert.deepEqual(counts.at(-1), 59)
  assert.deepEqual(more, [])
  assert.ok(damage!.bytes > 0 && damage!.from <= before && damage!.to >= damage!.from)
  spool.close()
})

test('takes nothing above its limit and opens again when there is room', () => {
  const at = folder()
  const spool = new Spool(at, LIMITS)
  let kept = 0
  while (spool.append(recordOf(kept, 1_000))) kept++
  assert.ok(spool.full && spool.fileBytes() <= LIMITS.maxBytes)
  assert.equal(spool.append(recordOf(0, 1)), false)
  const onDisk = readdirSync(at).reduce((sum, name) => sum + statSync(join(at, name)).size, 0)
  assert.ok(onDisk <= LIMITS.maxBytes + 200)
  assert.equal(readAll(spool).length, kept)
  assert.equal(spool.full, false)
  assert.ok(spool.append(recordOf(7)))
  spool.close()
})

test('a disk that refuses to sync is said to, ends nothing, and is asked again', async () => {
  const at = folder()
  const spool = new Spool(at, LIMITS)
  spool.append(recordOf(1))
  const open = readdirSync('/proc/self/fd').map(Number)
  const own = open.find((fd) => statSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false })?.ino === inodeOf(at))!
  // The kernel refuses to sync what is no file, and takes all that is written there.
  const putInItsPlace = (file: string) => {
    closeSync(own)
    const others: number[] = []
    for (let fd = openSync(file, 'r+'); fd !== own; fd = openSync(file, 'r+')) others.push(fd)
    others.forEach(closeSync)
  }
  putInItsPlace('/dev/null')
  while (spool.syncFault === null) await sleep(20)
  assert.match(spool.syncFault, /EINVAL/)
  putInItsPlace(segmentFile(at, 1))
  while (spool.syncFault !== null) await sleep(20)
  assert.ok(spool.append(recordOf(2)))
  assert.deepEqual(readAll(spool), [1, 2])
  spool.close()
})

test('belongs to one process at a time', () => {
  const at = folder()
  const spool = new Spool(at, LIMITS)
  assert.throws(() => new Spool(at, LIMITS), new RegExp(`in use by process ${process.pid}`))
  spool.close()
  new Spool(at, LIMITS).close()
})

test('the lock ends with its process, killed or not', () => {
  const at = folder()
  const module = join(import.meta.dirname, 'spool.ts')
  const script = `const { Spool } = await import(${JSON.stringify(module)})
    const spool = new Spool(${JSON.stringify(at)}, ${JSON.stringify(LIMITS)})
    spool.append({ lane: 0, version: 1, count: 5, at: 5, body: Buffer.from('x') })
    process.kill(process.pid, 'SIGKILL')`
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script])
  assert.equal(signal, 'SIGKILL')
  const spool = new Spool(at, LIMITS)
  assert.deepEqual(readAll(spool), [5])
  spool.close()
})

test('whatever is written, passed on, cut and reopened: nothing that was kept is lost or out of order', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('append' as const), size: fc.nat({ max: 2_500 }) }),
    fc.record({ do: fc.constant('pass' as const), bytes: fc.nat({ max: 5_000 }) }),
    fc.record({ do: fc.constant('peek' as const), bytes: fc.nat({ max: 5_000 }) }),
    fc.record({ do: fc.constant('crash' as const), torn: fc.nat({ max: 120 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const at = folder()
      let spool = new Spool(at, LIMITS)
      let next = 0
      const waiting: number[] = []
      for (const each of steps) {
        if (each.do === 'append') {
          if (spool.append(recordOf(next, each.size))) waiting.push(next)
          next++
        } else if (each.do === 'crash') {
          spool.close()
          appendFileSync(
            segmentFile(at, listSegments(at).at(-1)!),
            encodeRecord(recordOf(9, 200)).subarray(0, each.torn),
          )
          spool = new Spool(at, LIMITS)
        } else {
          const { records, end } = spool.read(each.bytes)
          assert.deepEqual(
            records.map(({ count }) => count),
            waiting.slice(0, records.length),
          )
          assert.equal(records.length > 0, waiting.length > 0)
          if (each.do === 'pass') {
            spool.advance(end)
            waiting.splice(0, records.length)
          }
        }
      }
      assert.deepEqual(readAll(spool), waiting)
      assert.deepEqual(spool.takeDamages(), [])
      spool.close()
      rmSync(at, { recursive: true })
    }),
    { numRuns: 60 },
  )
})

test('where a power cut took what the position stood behind, what comes later is read from its begin after the next crash', () => {
  const at = folder()
  const first = new Spool(at, LIMITS)
  for (const count of [1, 2]) first.append(recordOf(count))
  assert.deepEqual(readAll(first), [1, 2])
  first.append(recordOf(3))
  first.close()
  truncateSync(segmentFile(at, listSegments(at).at(-1)!), 0)
  const second = new Spool(at, LIMITS)
  for (let count = 7; count <= 16; count++) second.append(recordOf(count))
  // As a crash would leave it: nothing of these was passed on.
  second.close()
  const third = new Spool(at, LIMITS)
  assert.deepEqual(readAll(third), [7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
  assert.deepEqual(third.takeDamages(), [])
  third.close()
})
