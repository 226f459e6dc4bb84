import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SECOND } from '../../graph/model/time.ts'
import { GRACE, silentSpans } from './places.ts'

const s = (seconds: number): number => seconds * SECOND
const change = (at: number, status: string, previous: string | null = null) => ({
  ...{ id: `${at}/${status}`, at: s(at), uncertainty: 0, condition: 'Ready' as const, status, previous },
})

describe('a kubelet is silent', () => {
  it('from when its node was not Ready until it was again; Unknown is said only after a while', () => {
    assert.deepEqual(silentSpans([change(-100, 'True'), change(10, 'False'), change(20, 'True')], 0, s(60)), [
      { condition: 'Ready', from: s(10), to: s(20) },
    ])
    assert.deepEqual(silentSpans([change(30, 'Unknown', 'True')], 0, s(60)), [
      { condition: 'Ready', from: s(30) - GRACE, to: s(60) },
    ])
  })

  it('since before the first change that is known, where that says so', () => {
    assert.deepEqual(silentSpans([change(30, 'True', 'False')], 0, s(60)), [{ condition: 'Ready', from: 0, to: s(30) }])
    assert.deepEqual(silentSpans([], 0, s(60)), [])
  })

  it('from the last renewal of a Lease until it surely was renewed, whatever is said of Ready', () => {
    const lease = (at: number, status: string) => ({ ...change(at, status), condition: 'Lease' as const })
    const renewed = { ...lease(90, 'True'), uncertainty: s(1) }
    assert.deepEqual(silentSpans([change(-100, 'True'), lease(50, 'False'), renewed], 0, s(120)), [
      { condition: 'Lease', from: s(10), to: s(91) },
    ])
  })

  it('for as long as a Lease may have been stale that was deleted then: its end is told as of its begin', () => {
    const lease = (status: string, uncertainty: number) => ({
      ...{ ...change(50, status), condition: 'Lease' as const },
      uncertainty: s(uncertainty),
    })
    for (const told of [
      [lease('False', 1), lease('True', 600)],
      [lease('True', 600), lease('False', 1)],
    ])
      assert.deepEqual(silentSpans(told, s(100), s(900)), [{ condition: 'Lease', from: s(10), to: s(650) }])
  })
})
