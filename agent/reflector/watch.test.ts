import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deadlines } from './request.ts'
import { FaultyServer, until } from './testing/faulty-server.ts'
import { defaultTimings } from './timings.ts'
import { watch } from './watch.ts'

/** Notes when each deadline would pass. */
class Noted extends Deadlines {
  readonly ms = new Map<string, number>()

  override set(name: string, ms: number, message: string): void {
    this.ms.set(name, ms)
    super.set(name, ms, message)
  }
}

test('our own deadline of a watch comes after the end that the server was asked for, whichever that is', async (t) => {
  const server = new FaultyServer()
  const kubeConfig = await server.listen()
  t.after(() => server.close())
  const source = { kubeConfig, path: '/api/v1/things' }
  const { grace } = defaultTimings
  const asked = new Set<number>()
  for (let count = 1; count <= 40; count++) {
    const deadlines = new Noted(new AbortController().signal)
    const pieces = watch(
      ...([source, { initial: false, resourceVersion: server.version }, defaultTimings, deadlines] as const),
      ...([() => {}, () => {}] as const),
    )
    const read = pieces.next().catch(() => {})
    await until('the watch', () => deadlines.ms.has('watch') && server.requests.length === count)
    const end = Number(server.requests.at(-1)!.get('timeoutSeconds')) * 1000
    asked.add(end)
    const ours = deadlines.ms.get('watch')!
    assert.ok(ours >= end + grace && ours <= end + grace + 1000, `ours after ${ours} ms, the server's after ${end} ms`)
    deadlines.end()
    await read
  }
  const [low, high] = defaultTimings.watch
  assert.ok(asked.size > 20 && Math.min(...asked) >= low && Math.max(...asked) <= high, [...asked].join())
})
