/** Gives observations to the writer as a queue would: by lane, again after a crash. */
import { type Batch, LANES } from '../../model/batch.ts'
import { laneKeyOf, laneOf } from '../../model/observation.ts'
import type { Store } from '../../store/main.ts'
import { createWriter } from '../main.ts'
import type { Delivery, Told } from './history.ts'

class Crash extends Error {}

/** A store whose transactions end as a killed worker's do: rolled back, or committed without a word. */
const crashing = (store: Store, fate: Delivery['fate']): Store => ({
  ...store,
  write: async (work) => {
    const result = await store.write(async (transaction) => {
      const done = await work(transaction)
      if (fate === 'lost before commit') throw new Crash()
      return done
    })
    if (fate === 'committed, not acknowledged') throw new Crash()
    return result
  },
})

export const batchesOf = (cluster: string, observations: readonly Told[]): Batch[] => {
  const lanes = Map.groupBy(observations, (observation) => laneOf(laneKeyOf(observation) as string, LANES))
  return [...lanes].map(([lane, ofLane]) => ({ cluster, lane, observations: ofLane, contexts: {} }))
}

export const deliver = async (store: Store, cluster: string, { observations, fate }: Delivery): Promise<void> => {
  const writer = createWriter(crashing(store, fate))
  for (const batch of batchesOf(cluster, observations))
    await writer.write(batch).catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error
    })
}
