import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SECOND } from '../../graph/model/time.ts'
import { GRACE, silentSpans } from './places.ts'

const s = (seconds: number): number => seconds * SECOND
const change = (at: number, status: string, previous: string | null = null) => ({ at: s(at), status, previous })

describe('a kubelet is silent', () => {
  it('from when its node was not Ready until it was again; Unknown is said only after a while', () => {
    assert.deepEqual(silentSpans([change(-100, 'True'), change(10, 'False'), change(20, 'True')], 0, s(60)), [
      { from: s(10), to: s(20) },
    ])
    assert.deepEqual(silentSpans([change(30, 'Unknown', 'True')], 0, s(60)), [{ from: s(30) - GRACE, to: s(60) }])
  })

  it('since before the first change that is known, where that says so', () => {
    assert.deepEqual(silentSpans([change(30, 'True', 'False')], 0, s(60)), [{ from: 0, to: s(30) }])
    assert.deepEqual(silentSpans([], 0, s(60)), [])
  })
})
