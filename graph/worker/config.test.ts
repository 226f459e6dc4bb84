import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY } from '../ingest/main.ts'
import { retentionConfig } from './config.ts'

test('retention is said in days; incidents are kept no shorter than events', () => {
  assert.deepEqual(retentionConfig({}), { events: 14 * DAY, incidents: 365 * DAY })
  assert.deepEqual(retentionConfig({ AITIA_RETENTION: '0.5d' }), { events: DAY / 2, incidents: 365 * DAY })
  assert.deepEqual(retentionConfig({ AITIA_RETENTION: '400d' }), { events: 400 * DAY, incidents: 400 * DAY })
  assert.throws(
    () => retentionConfig({ AITIA_RETENTION: '14' }),
    /AITIA_RETENTION: got '14', expected days such as 14d/,
  )
  assert.throws(
    () => retentionConfig({ AITIA_RETENTION: '9d', AITIA_RETENTION_INCIDENTS: '3d' }),
    /expected no less than AITIA_RETENTION, 9d/,
  )
})
