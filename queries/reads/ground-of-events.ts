/** What an answer rests on that tells events too: a list of them says by what it lacks that nothing else happened. */
import { now } from '../../graph/model/time.ts'
import type { Interval } from './coverage.ts'
import type { Window } from './family.ts'
import { type Doubt, type Ground, groundOf, lossDoubt } from './ground.ts'
import { type Reader, statement, withoutCluster } from './read.ts'
import { type Source, sourcesNamed, without } from './sources.ts'
import { type ExpectedSource, expectedOfCluster, expectedOfHost, type Unwatched, watch } from './watching.ts'

const HOSTS_OF = statement('hosts-of')

/** A source that would have told of the objects, for the time that they were where it watches. */
interface Teller extends Interval {
  readonly want: ExpectedSource
}

const tellersOf = async (
  reader: Reader,
  cluster: string,
  keys: readonly string[],
  window: Window,
): Promise<Teller[]> => {
  const hosts = await reader.read<Interval & { key: string; name: string }>(HOSTS_OF, { keys, ...window })
  return [
    ...expectedOfCluster().map((want) => ({ want, from: window.from, to: window.to })),
    ...hosts.flatMap(({ key, name, from, to }) =>
      expectedOfHost(withoutCluster(cluster, key), name).map((want) => ({
        want,
        from: Math.max(from, window.from),
        to: Math.min(to, window.to),
      })),
    ),
  ]
}

const unseenDoubt = ({ source, on, from, to, reason, kinds }: Unwatched): Doubt => ({
  ...{ source, on, from, to, kinds },
  ...(reason === 'never-heard'
    ? { kind: 'never-heard', reason: null }
    : { kind: reason === null ? 'not-watched' : 'gap', reason }),
})

const doubtsOf = ({ want, from, to }: Teller, heard: readonly Source[], known: number, clock: number): Doubt[] => {
  if (from >= to) return []
  const { notSeen, toldUpTo } = watch([want], heard, { from, to, known }, clock)
  const unseen = notSeen.filter(({ source, lost }) => source !== null && lost === null)
  const losses = notSeen.filter((it) => it.lost !== null && it.from < to && it.to >= from)
  return [
    ...unseen.map(unseenDoubt),
    ...lossDoubt(
      want,
      losses.map(({ lost, reason, ...loss }) => ({ ...loss, count: lost!, what: reason! })),
    ),
    // The ground says so of those that watch the cluster.
    ...(toldUpTo === null || want.on === null
      ? []
      : [{ ...want, kind: 'lagging' as const, from: toldUpTo, to, kinds: null, reason: null }]),
  ]
}

/** Whether the doubts of the ground say all of another one. */
const isSaid = (doubt: Doubt, said: readonly Doubt[]): boolean => {
  const isLoss = doubt.kind === 'loss'
  const same = said.filter(
    (it) =>
      it.source === doubt.source &&
      (it.kind === 'loss') === isLoss &&
      (it.kinds === null ? !isLoss || doubt.kinds === null : doubt.kinds?.every((kind) => it.kinds!.includes(kind))),
  )
  return isLoss
    ? same.some(({ from, to }) => from <= doubt.from && doubt.to <= to)
    : without([doubt], same).length === 0 ||
        (doubt.on === null && said.some(({ kind, source }) => kind === 'never-heard' && source === null))
}

/**
 * The ground of an answer about `asked` that tells the events of objects in a window: with what the sources of the cluster,
 * and those of the hosts on which the objects were, did not see of them.
 */
export const groundOfEvents = async (
  reader: Reader,
  cluster: string,
  asked: Interval,
  keys: readonly string[],
  window: Window,
  clock: number = now(),
): Promise<Ground> => {
  const tellers = await tellersOf(reader, cluster, keys, window)
  const names = tellers.map(({ want }) => want.source)
  const [ground, heard] = await Promise.all([
    groundOf(reader, cluster, asked, window.known, clock),
    sourcesNamed(reader, cluster, names, window),
  ])
  // Of the time before anybody watched, and of what was removed, the ground says so.
  const begun = heard.flatMap(({ sessions }) => sessions.map(({ from }) => from))
  const since = Math.max(ground.horizon ?? window.from, begun.length === 0 ? window.from : Math.min(...begun))
  // Nobody has missed what is yet to come.
  const doubts = tellers
    .map((it) => ({ ...it, from: Math.max(it.from, since), to: Math.min(it.to, clock) }))
    .flatMap((it) => doubtsOf(it, heard, window.known, clock))
    .filter((doubt) => !isSaid(doubt, ground.doubts))
    .sort((a, b) => Number(a.kind === 'lagging') - Number(b.kind === 'lagging'))
  return { ...ground, doubts: [...ground.doubts, ...doubts] }
}
