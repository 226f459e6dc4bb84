/** What is said of the time before a window, and of sources that fell silent before it, on a real graph. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { Observation } from '../../graph/model/observation.ts'
import { MINUTE, SECOND } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'
import { createCorrelator, removeCluster } from '../engine/main.ts'
import { headline } from './headline.ts'
import { type Answer, type Question, why } from './why.ts'

const HOUR = 60 * MINUTE
const START = 1_790_000_000 * SECOND
const KILL = START + 10 * MINUTE
const END = START + 72 * HOUR

const session = (source: string, from: number, to: number) => ({
  ...heartbeat(source, from, to, true),
  session: `${source} from ${from}`,
})

describe('since when nothing was missed', () => {
  const made: string[] = []
  let store: Store

  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
  })
  after(async () => {
    await Promise.all(made.map((cluster) => removeCluster(store, cluster)))
    await store.close()
  })

  /** Asked at the end of three days of which the begin had an incident. */
  const ask = async (watching: readonly Observation[], more: Partial<Question> = {}) => {
    const cluster = testCluster()
    made.push(cluster)
    await loadRecording(store, recordingOf([...healthy(START), ...outOfMemory(KILL), ...watching]), cluster)
    await createCorrelator({ store }).runOnce(cluster)
    const asked = { cluster, kind: 'deployment', name: 'checkout', namespace: 'shop', at: END }
    const answer = await why(store, { ...asked, ...more }, END)
    assert.notEqual(answer.result, 'not-found')
    return answer as Exclude<Answer, { result: 'not-found' }>
  }
  /** Hours after the begin since which it is ready, and since which there was no incident, as the first line says. */
  const calmSince = async (watching: readonly Observation[]) => {
    const answer = await ask(watching)
    assert.deepEqual([answer.result, answer.notSeen], ['healthy', []])
    const { readySince, readyLonger } = answer.subject
    const told = headline(answer, (time) => String(time))
    const quiet = Number(/no incident since (\d+)/.exec(told)![1])
    return { ready: readySince, atLeast: readyLonger, quiet }
  }

  test('it was ready, and there was no incident, from when on all was watched', async () => {
    const kernel = session(EBPF, START, END)
    const whole = [kernel, session(KUBERNETES, START, END)]
    const seen = { ready: KILL + 30 * SECOND, atLeast: false, quiet: KILL }
    assert.deepEqual(await calmSince(whole), seen)

    const again = START + 5 * HOUR
    const down = [kernel, session(KUBERNETES, START, again - 4 * HOUR), session(KUBERNETES, again, END)]
    assert.deepEqual(await calmSince(down), { ready: again, atLeast: true, quiet: again })

    const gap = { type: 'gap', source: KUBERNETES, from: again - HOUR, to: again, reason: 'cut off' } as const
    assert.deepEqual(await calmSince([...whole, gap]), { ready: again, atLeast: true, quiet: again })
    assert.deepEqual(await calmSince([...whole, { ...gap, kinds: ['kubernetes-event'] }]), seen)

    const lost = { type: 'loss', source: EBPF, from: again - HOUR, to: again, count: 1, what: 'ring' } as const
    assert.deepEqual(await calmSince([...whole, lost]), { ...seen, quiet: again })
  })

  test('a source that fell silent before the window is told with when it was heard last', async () => {
    const silent = END - 45 * MINUTE
    const watching = [session(KUBERNETES, START, END), session(EBPF, START, silent)]
    const notSeen = async (told: readonly Observation[], since: number) =>
      (await ask(told, { since })).notSeen.map(({ source, from, to, reason }) => ({ source, from, to, reason }))
    const since = END - 30 * MINUTE
    assert.deepEqual(await notSeen(watching, since), [{ source: EBPF, from: silent, to: END, reason: null }])
    assert.deepEqual(await notSeen(watching, END - 10 * SECOND), [
      { source: EBPF, from: silent, to: END, reason: null },
    ])
    assert.deepEqual(await notSeen(watching.slice(0, 1), since), [
      { source: EBPF, from: since, to: END, reason: 'never-heard' },
    ])
  })
})
