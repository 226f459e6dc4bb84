import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { readDocument } from '../document.ts'

const path = join(import.meta.dirname, '../../../docs/recording.schema.json')
const schema = z.fromJSONSchema(JSON.parse(readFileSync(path, 'utf8')))

const sample = `
title: A checkout pod runs out of memory
start: 2026-01-01T10:00:00Z
coverage:
  - {source: ebpf@node-1, from: -60s, to: +120s, ended: true}
observations:
  - state: Pod/shop/checkout-1
    at: -50s
    body: {phase: Running}
    relations:
      - OWNS: {from: ReplicaSet/shop/checkout-abc}
      - RUNS: {to: Container/c1, since: -49s, containerName: app, role: main}
      - RUNS_ON: Node/node-1
  - {event: memory-pressure, at: -1s, object: Container/c1, fields: {stalled: 250ms, lastAt: -200ms}}
  - {event: oom-kill, at: +0s, object: Container/c1, pod: Pod/shop/checkout-1, containerName: app, fields: {global: false}}
  - {gap: kubernetes@cluster, from: +1s, to: +5s, reason: disconnected}
  - {loss: ebpf@node-1, from: +1s, to: +2s, count: 3, what: ring}
expect:
  - {pattern: container-oom, result: incident, workload: Deployment/checkout, confidence: {atLeast: 0.8}}
`

describe('the schema of recordings', () => {
  it('accepts what the reader accepts, written short', () => {
    readDocument(sample, 'sample.yaml')
    assert.deepEqual(schema.safeParse(parse(sample)).error?.issues ?? [], [])
  })

  it('accepts what the reader gives back, written whole', () => {
    const whole = JSON.parse(JSON.stringify(readDocument(sample, 'sample.yaml')))
    assert.deepEqual(schema.safeParse(whole).error?.issues ?? [], [])
  })

  it('refuses what the reader refuses', () => {
    const wrong = [
      ['event: oom-kill', 'event: oom-kil'],
      ['fields: {global: false}', 'fields: {globl: false}'],
      ['result: incident', 'result: accident'],
      ['RUNS_ON: Node/node-1', 'RUNS_AT: Node/node-1'],
      ['object: Container/c1, pod', 'object: Contaner/c1, pod'],
      ['workload: Deployment', 'work: Deployment'],
    ] as const
    for (const [right, mistake] of wrong) {
      const text = sample.replace(right, mistake)
      assert.equal(schema.safeParse(parse(text)).success, false, `schema: ${mistake}`)
      assert.throws(() => readDocument(text, 'sample.yaml'), Error, `reader: ${mistake}`)
    }
  })
})
