/** Events of an object, its pods and their containers within a window, by time. */
import { toRfc3339 } from '../../graph/model/time.ts'
import { eventsTouching, toldOfPods } from './events.ts'
import { family, isCut, keysOf, type Window } from './family.ts'
import type { Ground } from './ground.ts'
import { groundOfEvents } from './ground-of-events.ts'
import { InvalidRequest, pageSize, type Reader } from './read.ts'
import type { StoredEvent, StoredObject } from './stored.ts'
import { type Asking, type AsOfQuestion, LOOK_BACK, settle, subjectsSince } from './subject.ts'

/** Most events in one answer. */
const LARGEST = 1_000

export interface Events {
  readonly asking: Asking & { readonly from: number }
  readonly objects: readonly StoredObject[]
  readonly ground: Ground
  /** The newest `first`, oldest first. */
  readonly events: readonly StoredEvent[]
  readonly cut: boolean
}

/** Events from `from` (a day before) up to the time of the question, the newest `first` (1 to 1000). Throws NotFound where there was no such object in the window. */
export const eventsOf = async (
  reader: Reader,
  question: AsOfQuestion & { from?: number; first: number },
): Promise<Events> => {
  const { cluster, kind, name, namespace } = question
  const first = pageSize(question.first, LARGEST)
  const times = await settle(reader, question)
  const from = question.from ?? times.at - LOOK_BACK
  if (from > times.at)
    throw new InvalidRequest(`from: got ${toRfc3339(from)}, expected a time before at, ${toRfc3339(times.at)}`)
  const asking = { cluster, asked: { kind, name, namespace }, ...times, from }
  const { objects, cut } = await subjectsSince(reader, asking, from)
  const window: Window = { from, to: times.at + 1, known: times.known }
  const members = await Promise.all(objects.map(({ key }) => family(reader, key, window)))
  const pods = objects.filter((it) => it.kind === 'Pod').map(({ key }) => key)
  const told = await toldOfPods(reader, pods, window)
  const keys = [...new Set([...objects.map(({ key }) => key), ...members.flatMap(keysOf), ...told])]
  const [found, ground] = await Promise.all([
    eventsTouching(reader, keys, { ...window, limit: first }),
    groundOfEvents(reader, cluster, { from, to: times.at }, keys, window),
  ])
  return {
    ...{ asking, objects, ground },
    events: found.events.slice(-first),
    cut: cut || members.some(isCut) || found.cut || found.events.length > first,
  }
}
