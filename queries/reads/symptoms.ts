/** What is visibly wrong with a family of objects, whatever the cause: ends of containers, waiting, failed and unready pods. */
import { events } from './events.ts'
import { keysOf, type Member, type Window } from './family.ts'
import type { Reader } from './read.ts'
import { statesInForce } from './states.ts'
import type { StoredEvent } from './stored.ts'
import { TROUBLE_KINDS, type Trouble, troubles } from './troubles.ts'

const KINDS = ['container-terminated', 'container-waiting', 'pod-failed', ...TROUBLE_KINDS] as const

export interface Termination {
  readonly at: number
  readonly podName: string | null
  readonly containerName: string | null
  readonly reason: string
  readonly exitCode: number
  /** Id of the event. */
  readonly event: string
}

export interface Symptoms {
  /** Ends of containers that nobody asked for, the oldest first. */
  readonly terminations: readonly Termination[]
  /** Why containers waited, with how often. */
  readonly waiting: readonly { readonly reason: string; readonly count: number; readonly lastAt: number }[]
  readonly failedPods: readonly { readonly name: string | null; readonly reason: string; readonly at: number }[]
  /** Names of pods that exist at the end of the window and are not ready. */
  readonly unreadyPods: readonly string[]
  /** What the API says is not well at the end of the window, the oldest first. */
  readonly troubles: readonly Trouble[]
  /** An object has more of them than one answer reads: the oldest are left out. */
  readonly cut: boolean
}

/** SIGTERM, or SIGKILL after the grace period: how a deleted pod's containers end, but also how one that is not alive enough is ended. */
const TOLD_TO_END = new Set([143, 137])

const of = <K extends (typeof KINDS)[number]>(events: readonly StoredEvent[], kind: K): StoredEvent<K>[] =>
  events.filter((event) => event.kind === kind) as unknown as StoredEvent<K>[]

/** Of ends in the order of time: what the deletion of a pod brought about. `isGone` tells of a pod that was deleted, whether or not that was seen to be asked for. */
const askedFor = (
  ends: readonly StoredEvent<'container-terminated'>[],
  deletions: readonly StoredEvent<'pod-deleted'>[],
  isGone: (pod: string) => boolean,
) => {
  const asked = new Map(deletions.map(({ objectKey, at }) => [objectKey, at]))
  const last = new Map(ends.map((end) => [`${end.podKey} ${end.containerName}`, end.id]))
  return ({ id, at, uncertainty, podKey, containerName, reason, exitCode }: (typeof ends)[number]): boolean => {
    if (podKey === undefined || reason !== 'Error' || !TOLD_TO_END.has(exitCode)) return false
    const request = asked.get(podKey)
    if (request !== undefined) return at + uncertainty >= request
    // Of a static pod only its end is told: what was started again after it ended had not been told to go.
    return isGone(podKey) && last.get(`${podKey} ${containerName}`) === id
  }
}

/** Symptoms within the window; pods' readiness is that at its end. */
export const symptoms = async (reader: Reader, members: readonly Member[], window: Window): Promise<Symptoms> => {
  const pods = members.filter(({ member }) => member.kind === 'Pod').map(({ member }) => member)
  const podKeys = pods.map(({ key }) => key)
  const [{ events: told, cut }, deletions, inForce] = await Promise.all([
    events(reader, keysOf(members), window, [...KINDS]),
    // What ended within the window may have been told to before it.
    events(reader, podKeys, { ...window, from: 0 }, ['pod-deleted']),
    statesInForce(reader, podKeys, { at: window.to, known: window.known }),
  ])
  const seen = told as readonly StoredEvent[]
  const deleted = (key: string): boolean => inForce.get(key)?.deleted === true
  const all = of(seen, 'container-terminated')
  const isAskedFor = askedFor(all, deletions.events, deleted)
  const ends = all.filter((end) => end.exitCode !== 0 && !isAskedFor(end))
  return {
    terminations: ends.map((end) => ({
      at: end.at,
      podName: end.podName ?? null,
      containerName: end.containerName ?? null,
      reason: end.reason,
      exitCode: end.exitCode,
      event: end.id,
    })),
    waiting: [...Map.groupBy(of(seen, 'container-waiting'), (event) => event.reason)].map(([reason, all]) => ({
      reason,
      count: all.length,
      lastAt: all.at(-1)!.at,
    })),
    failedPods: of(seen, 'pod-failed').map((event) => ({
      name: event.podName ?? null,
      reason: event.reason,
      at: event.at,
    })),
    unreadyPods: pods
      .filter((pod) => {
        const state = inForce.get(pod.key)
        return state !== undefined && !state.deleted && state.body.ready === false && state.body.phase !== 'Succeeded'
      })
      .map((pod) => pod.name ?? pod.key),
    troubles: troubles(seen, deleted),
    cut,
  }
}

/** Time of the first symptom, or null. A container that waits to be created is none by itself. */
export const firstSymptom = ({ terminations, failedPods, troubles }: Symptoms): number | null => {
  const times = [...terminations, ...failedPods, ...troubles].map((it) => it.at)
  return times.length === 0 ? null : Math.min(...times)
}
