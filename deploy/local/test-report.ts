/** A reporter of node:test that writes each outcome as one line of JSON, for the sum at the end of `npm test`. */
import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { root } from './config.ts'

/** One test, or a suite that was skipped as a whole. */
export interface Outcome {
  readonly name: string
  /** Path from the root of the project. */
  readonly file: string
  readonly result: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped, or what failed. */
  readonly reason?: string
  readonly milliseconds: number
}

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const skipped = data.skip ?? data.todo
    if (data.details.type === 'suite' && skipped === undefined) continue
    const outcome: Outcome = {
      name: data.name,
      file: relative(root, data.file ?? ''),
      result: skipped !== undefined ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed',
      reason: typeof skipped === 'string' ? skipped : type === 'test:fail' ? data.details.error.message : undefined,
      milliseconds: data.details.duration_ms,
    }
    yield `${JSON.stringify(outcome)}\n`
  }
}
