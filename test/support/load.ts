/** Puts observations into the graph as the queue would: by lane, in the order given, through the one writer. */
import { createWriter } from '../../graph/ingest/main.ts'
import { BATCH_LIMIT, LANES } from '../../graph/model/batch.ts'
import type { K8sContext } from '../../graph/model/context.ts'
import { laneKeyOf, laneOf, type Observation } from '../../graph/model/observation.ts'
import type { Store } from '../../graph/store/main.ts'

export const load = async (
  store: Store,
  cluster: string,
  observations: readonly Observation[],
  contexts: Readonly<Record<string, K8sContext>> = {},
): Promise<void> => {
  const writer = createWriter(store)
  for (let lane = 0; lane < LANES; lane++) {
    const own = observations.filter((observation) => {
      const key = laneKeyOf(observation)
      return key === null || laneOf(key, LANES) === lane
    })
    for (let start = 0; start < own.length; start += BATCH_LIMIT)
      await writer.write({ cluster, lane, observations: own.slice(start, start + BATCH_LIMIT), contexts })
  }
}
