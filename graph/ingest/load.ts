/** Puts a recording into the graph by the writer's own way, without a queue: cases of patterns, tests. */
import { BATCH_LIMIT, LANES } from '../model/batch.ts'
import type { K8sContext } from '../model/context.ts'
import { laneKeyOf, laneOf, type Observation } from '../model/observation.ts'
import type { RecordedObservation, Recording } from '../model/recording.ts'
import type { Store } from '../store/main.ts'
import { createWriter, type Written } from './writer.ts'

export interface LoadOptions {
  /** Indices into the recording's observations, in the order in which they are given; an index may come twice or never. */
  readonly order?: readonly number[]
}

const plain = ({ arrives, ...observation }: RecordedObservation): Observation => observation as Observation

const contextsOf = (observations: readonly Observation[], contexts: Recording['contexts'] = {}) => {
  const used: Record<string, K8sContext> = {}
  for (const observation of observations) {
    const key = observation.type === 'event' ? observation.contextKey : undefined
    const context = key === undefined ? undefined : contexts[key]
    if (key !== undefined && context !== undefined) used[key] = context
  }
  return used
}

/** Observations by the lane that they go to, in their order. */
export const byLane = (observations: readonly RecordedObservation[]): Observation[][] => {
  const lanes: Observation[][] = Array.from({ length: LANES }, () => [])
  for (const observation of observations.map(plain)) {
    const key = laneKeyOf(observation)
    if (key === null) for (const lane of lanes) lane.push(observation)
    else lanes[laneOf(key, LANES)]?.push(observation)
  }
  return lanes
}

/** Writes a recording's observations under `cluster`, as the queue would deliver them: by lane, in the order given. */
export const loadRecording = async (
  store: Store,
  recording: Recording,
  cluster: string,
  { order }: LoadOptions = {},
): Promise<Written[]> => {
  const ordered = order
    ? order.map((index) => {
        const observation = recording.observations[index]
        if (observation === undefined)
          throw new Error(`order: got ${index}, expected 0 to ${recording.observations.length - 1}`)
        return observation
      })
    : recording.observations
  const writer = createWriter(store)
  const written = byLane(ordered).map(async (all, lane) => {
    const done: Written[] = []
    for (let start = 0; start < all.length; start += BATCH_LIMIT) {
      const observations = all.slice(start, start + BATCH_LIMIT)
      done.push(
        await writer.write({ cluster, lane, observations, contexts: contextsOf(observations, recording.contexts) }),
      )
    }
    return done
  })
  return (await Promise.all(written)).flat()
}
