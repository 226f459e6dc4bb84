import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeRecord, findRecord, readRecord, type SpoolRecord } from './record.ts'

const record = fc.record(
  {
    lane: fc.integer({ min: 0, max: 65_535 }),
    version: fc.integer({ min: 0, max: 65_535 }),
    count: fc.nat(),
    at: fc.nat({ max: 2 ** 31 }),
    body: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  },
  { noNullPrototype: true },
)

const readAll = (bytes: Buffer): SpoolRecord[] => {
  const records: SpoolRecord[] = []
  for (let offset = 0; ; ) {
    const read = readRecord(bytes, offset)
    if (read.is !== 'record') return records
    records.push(read.record)
    offset = read.end
  }
}

test('records are read back as they were written', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 8 }), (records) => {
      assert.deepEqual(readAll(Buffer.concat(records.map(encodeRecord))), records)
    }),
  )
})

test('cut anywhere, exactly the whole records before the cut are read', () => {
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 6 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (records, share) => {
        const parts = records.map(encodeRecord)
        const cut = Math.floor(share * parts.reduce((sum, part) => sum + part.length, 0))
        let whole = 0
        for (let size = 0; whole < parts.length && size + parts[whole]!.length <= cut; whole++)
          size += parts[whole]!.length
        assert.deepEqual(readAll(Buffer.concat(parts).subarray(0, cut)), records.slice(0, whole))
      },
    ),
  )
})

test('a flipped bit is never read as a record, and what follows is found', () => {
  fc.assert(
    fc.property(record, record, fc.nat(), (first, second, at) => {
      const bytes = encodeRecord(first)
      const bit = at % (bytes.length * 8)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      const both = Buffer.concat([bytes, encodeRecord(second)])
      const read = readRecord(both, 0)
      assert.notEqual(read.is, 'record')
      assert.equal(findRecord(both, 1), bytes.length)
    }),
  )
})
