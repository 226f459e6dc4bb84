/** When heartbeats are sent, through a real queue. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventName } from '../../graph/model/generated/types.ts'
import type { EventObservation, HeartbeatObservation } from '../../graph/model/observation.ts'
import { MILLISECOND, now, SECOND } from '../../graph/model/time.ts'
import { openConsumer, openProducer } from '../../graph/queue/main.ts'
import { redisForTest, testCluster } from '../../test/support/servers.ts'
import type { Log, RunningCollector } from '../collectors/collector.ts'
import { Pipeline } from './pipeline.ts'

const folder = mkdtempSync(join(tmpdir(), 'aitia-pipeline-'))
const opened: (() => Promise<void>)[] = []
after(async () => {
  for (const close of opened) await close()
  rmSync(folder, { recursive: true, force: true })
})

const SOURCE = 'ebpf@host'
const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const eventAt = (at: number): EventObservation<'pod-created'> => ({
  ...{
    type: 'event',
    kind: 'pod-created',
    id: `pod-created/${at}`,
    at,
    uncertainty: 0,
    observedAt: at,
    source: SOURCE,
  },
  ...{ object: { kind: 'Pod', key: 'pod' }, fields: { createdAt: at } },
})

test('in a quiet time heartbeats are rare; what happens, and who ends, is followed at once; who goes blind claims nothing without saying so', async () => {
  const cluster = testCluster()
  const place = { redisUrl: await redisForTest(), prefix: cluster }
  const pipeline = new Pipeline(openProducer({ ...place, cluster, spoolDir: join(folder, 'spool'), log }), log)
  opened.push(() => pipeline.close())
  const beats: HeartbeatObservation[] = []
  const consumer = openConsumer(place, async ({ lane, observations }) => {
    if (lane === 0) beats.push(...observations.filter((each) => each.type === 'heartbeat'))
  })
  opened.push(() => consumer.close())
  const [since, blind] = [now(), [] as EventName[]]
  const collector: RunningCollector = {
    stop: async () => {},
    progress: () => [{ source: SOURCE, session: 's', since, watermark: now(), blind }],
  }
  /** How long after this call the first heartbeat was made for which this holds. */
  const until = async (which: (beat: HeartbeatObservation) => boolean): Promise<number> => {
    const from = now()
    for (;;) {
      const found = beats.find((beat) => beat.at >= from && which(beat))
      if (found !== undefined) return found.at - from
      await sleep(20)
    }
  }

  await pipeline.add('ebpf', collector)
  await until(() => true)
  const first = beats.length
  while (beats.length < first + 3) await sleep(50)
  const quiet = beats.slice(first).map(({ at }) => at)
  const apart = quiet.slice(1).map((at, index) => at - quiet[index]!)
  const least = Math.min(...apart)
  assert.ok(least > 4 * SECOND && least < 8 * SECOND, `${apart} µs between two in a quiet time: expected five seconds`)

  const blindFrom = now()
  blind.push('oom-kill')
  await until((beat) => beat.blind?.includes('oom-kill') === true)
  const unaware = beats.filter((beat) => beat.blind === undefined && beat.watermark > blindFrom)
  assert.deepEqual(unaware, [], 'nothing is claimed of the time since without that word')

  // Just after a beat, so that the next would be long in coming.
  await pipeline.emit([eventAt(now())])
  const happened = now()
  const followed = await until(({ watermark }) => watermark > happened)
  assert.ok(followed < 3 * SECOND, `what happened was followed ${followed / MILLISECOND} ms later`)
  const lively = beats.length
  await sleep(4_000)
  assert.ok(beats.length - lively >= 2, 'and by more each second')

  const ended = now()
  await pipeline.remove('ebpf')
  while (beats.at(-1)!.at < ended) await sleep(20)
  assert.ok(beats.at(-1)!.watermark >= ended, 'the last one tells how far it came')
})
