/** A worker and its queue, as in production but for the producer's spool: jobs are packed before they are timed. */
import { Redis } from 'ioredis'
import { createWriter } from '../../../graph/ingest/main.ts'
import type { Batch } from '../../../graph/model/batch.ts'
import { now } from '../../../graph/model/time.ts'
import { JOB_VERSION, packContent } from '../../../graph/queue/job.ts'
import { Lanes, QUEUE_LIMITS } from '../../../graph/queue/lanes.ts'
import { openConsumer } from '../../../graph/queue/main.ts'
import type { SpoolRecord } from '../../../graph/queue/spool/record.ts'
import type { Store } from '../../../graph/store/main.ts'
import { createHandle } from '../../../graph/worker/handle.ts'

export interface WorkerBehindQueue {
  pack(batch: Batch): SpoolRecord
  /** Adds a job to its lane; resolves when its batch is committed. One at a time. */
  write(job: SpoolRecord): Promise<void>
  stop(): Promise<void>
}

/** `prefix` is that of the keys in Redis. */
export const startWorker = (store: Store, redisUrl: string, prefix: string): WorkerBehindQueue => {
  let committed = () => {}
  const place = { redisUrl, prefix }
  const consumer = openConsumer(
    place,
    createHandle(createWriter(store), () => committed()),
  )
  const lanes = new Lanes(new Redis(redisUrl), prefix, QUEUE_LIMITS)
  return {
    pack: (batch) => ({
      lane: batch.lane,
      version: JOB_VERSION,
      count: batch.observations.length,
      at: now(),
      body: packContent(JSON.stringify(batch)),
    }),
    async write(job) {
      const done = new Promise<void>((resolve) => {
        committed = resolve
      })
      await lanes.add(job)
      await done
    },
    async stop() {
      await consumer.close()
      await lanes.close()
    },
  }
}
