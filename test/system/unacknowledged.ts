/** The moment between the commit of a batch and the acknowledgement of its job, made to last. */
import assert from 'node:assert/strict'
import { Queue } from 'bullmq'
import { queuePrefix } from '../../api/cli/config.ts'
import { LANES } from '../../graph/model/batch.ts'
import { decodeJob } from '../../graph/queue/job.ts'
import { laneQueue } from '../../graph/queue/names.ts'
import { eventually, type Stack } from './stack.ts'

const BLOCKED = `CYPHER 5 SHOW TRANSACTIONS YIELD status, currentQuery
  WHERE status STARTS WITH 'Blocked' AND currentQuery CONTAINS 'SET event:OomKill'`

/** The id in the graph of a workload's first OOM kill among the jobs that wait, and the queue of its lane. */
const waitingKill = async (queues: readonly Queue[], name: string): Promise<{ id: string; queue: Queue } | null> => {
  for (const queue of queues) {
    for (const job of await queue.getJobs(['wait'], 0, -1, true)) {
      const decoded = decodeJob(job.data)
      if (decoded.is !== 'batch') continue
      for (const each of decoded.batch.observations)
        if (each.type === 'event' && each.kind === 'oom-kill' && each.pod?.name?.startsWith(name))
          return { id: `${decoded.batch.cluster}/${each.id}`, queue }
    }
  }
  return null
}

/**
 * Kills the worker when it has committed a workload's OOM kill and cannot say so. To begin with it does not run, and the kill waits in
 * the queue. Then whoever makes an event of that id first holds the worker's transaction up, until Redis hangs.
 */
export const killUnacknowledged = async (stack: Stack, name: string): Promise<void> => {
  const { redis, store, roles } = stack
  const queues = Array.from(
    { length: LANES },
    (_, lane) => new Queue(laneQueue(lane), { connection: { url: redis.url }, prefix: queuePrefix }),
  )
  try {
    const { id, queue } = await eventually('the kill is queued', 60, () => waitingKill(queues, name))
    process.kill(redis.pid, 'SIGSTOP')
    const before = roles.worker.log().length
    roles.worker.start()
    await eventually(
      'the worker runs',
      60,
      async () => roles.worker.log().slice(before).includes('worker runs') || null,
    )
    await stack.holding('CYPHER 5 CREATE (:Event {id: $id})', { id }, async () => {
      process.kill(redis.pid, 'SIGCONT')
      await eventually('the worker waits for the event', 120, async () => {
        const blocked = await store.read(BLOCKED)
        return blocked.length > 0 || null
      })
      process.kill(redis.pid, 'SIGSTOP')
    })
    await eventually('the kill is committed', 60, async () => {
      const rows = await store.read('CYPHER 5 MATCH (kill:OomKill {id: $id}) RETURN kill.id', { id })
      return rows.length > 0 || null
    })
    await roles.worker.kill()
    process.kill(redis.pid, 'SIGCONT')
    assert.equal(await queue.getActiveCount(), 1, 'the job was acknowledged')
    roles.worker.start()
  } finally {
    process.kill(redis.pid, 'SIGCONT')
    await Promise.all(queues.map((each) => each.close()))
  }
}
