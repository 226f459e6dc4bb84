/** Keeps the graph from growing for ever, beside the writing: each hour a sweep, in small transactions, for a bounded time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ages, clocks, retain } from '../ingest/main.ts'
import type { Log } from '../queue/main.ts'
import type { Store } from '../store/main.ts'

/** ms before the first sweep: what waits in the queue at the start is written first. */
const FIRST = 60_000
/** ms between two sweeps. */
const EVERY = 60 * 60_000
/** ms after which a sweep ends, to be gone on with by the next one: the lanes are also the writers'. */
const AT_MOST = 10 * 60_000

export interface RetentionTimes {
  readonly first: number
  readonly every: number
}

/** Sweeps until the signal; resolves when the one under way has ended. What goes wrong is logged, and tried again with the next. */
export const keepRetaining = async (
  store: Store,
  ages: Ages,
  log: Log | undefined,
  signal: AbortSignal,
  { first, every }: RetentionTimes = { first: FIRST, every: EVERY },
): Promise<void> => {
  const pause = (ms: number) => sleep(ms, undefined, { signal, ref: false }).catch(() => {})
  for (await pause(first); !signal.aborted; await pause(every)) {
    const end = performance.now() + AT_MOST
    try {
      const isOver = () => signal.aborted || performance.now() > end
      for (const each of await clocks(store)) {
        const removed = isOver() ? null : await retain(store, each, ages, isOver)
        if (removed !== null && Object.keys(removed).length > 0)
          log?.info({ cluster: each.cluster, removed }, 'removed what is older than it is kept')
      }
    } catch (error) {
      log?.warn(
        { error: (error as Error).message },
        'retention: what is too old could not be removed; it is tried again',
      )
    }
  }
}
