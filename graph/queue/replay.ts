/** Puts a recording through the queue again, under a cluster name of its own. */
import { createHash } from 'node:crypto'
import { BATCH_LIMIT } from '../model/batch.ts'
import { REPLAY_PREFIX } from '../model/cluster-name.ts'
import { readDocument } from '../model/document.ts'
import type { Observation } from '../model/observation.ts'
import type { RecordedObservation, Recording } from '../model/recording.ts'
import type { Producer } from './producer.ts'

const plain = ({ arrives, ...observation }: RecordedObservation): Observation => observation as Observation

/** A recording as a file holds it, with the cluster that a replay of it goes to: the same content has the same name, so that replaying it again changes nothing. */
export const readRecording = (
  text: string,
  name: string,
): { readonly recording: Recording; readonly cluster: string } => {
  const recording = readDocument(text, name)
  const content = JSON.stringify([recording.observations.map(plain), recording.contexts])
  return { recording, cluster: `${REPLAY_PREFIX}${createHash('sha256').update(content).digest('hex').slice(0, 12)}` }
}

/** Sends all observations in the order of their arrival; resolves when they are queued. */
export const sendRecording = async (producer: Producer, recording: Recording, signal?: AbortSignal): Promise<void> => {
  const observations = recording.observations.map(plain)
  for (let start = 0; start < observations.length; start += BATCH_LIMIT)
    await producer.send(observations.slice(start, start + BATCH_LIMIT), recording.contexts)
  await producer.drained(signal)
}
