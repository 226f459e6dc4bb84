/** Works through what is new in each cluster, pattern by pattern: wake, evaluate, conclude, and only then move the cursor. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isOfCase } from '../../graph/model/cluster-name.ts'
import { onPlansMade, type Store } from '../../graph/store/main.ts'
import { readLanes } from '../reads/lanes.ts'
import { conclude, storedOf } from './conclude.ts'
import { isFurther, moveCursor, readCursor } from './cursor.ts'
import { evaluate, readCoverage } from './evaluate.ts'
import { loadPatterns, OWN_PATTERNS, type Pattern } from './pattern.ts'
import { applyEngineSchema, statement } from './statements.ts'
import { wake } from './wake.ts'
import { keepPlanned, rehearsals } from './warm-up.ts'

/** Anchors evaluated by one statement. */
const CHUNK = 100

/** Passes in a row in which another correlator was faster, after which this one gives way. */
const TRIES = 5

/**
 * Passes over one cluster after which the next has its turn: where something is due again with each heartbeat, or more comes than
 * is worked off, the others would wait for ever.
 */
const TURN = 10

/** What a run did. */
export interface Run {
  readonly cluster: string
  readonly pattern: string
  /** Anchors evaluated, counting repeats. */
  readonly evaluated: number
  /** Verdicts that said something new. */
  readonly verdicts: number
}

interface Pass {
  readonly evaluated: number
  readonly verdicts: number
  readonly overtaken: number
  readonly done: boolean
}

interface Steering {
  /** Runs after the verdicts are written and before the cursor moves (tests crash there). */
  readonly beforeCursor?: () => Promise<void> | void
  /** Asked before each pass: true ends the run, which the next one goes on with. */
  readonly isOver?: () => boolean
}

/** One pass over what is new. */
const pass = async (
  store: Store,
  cluster: string,
  pattern: Pattern,
  beforeCursor: () => Promise<void> | void,
): Promise<Pass> => {
  // In this order: what the lanes hold is then seen by the evaluation, which asks anew what the sources promise.
  const [{ ends }, cursor] = await Promise.all([readLanes(store, cluster), readCursor(store, cluster, pattern)])
  const coverage = await readCoverage(store, cluster)
  const { anchors, next } = await wake(store, cluster, pattern, cursor, ends, coverage)
  let verdicts = 0
  let overtaken = 0
  for (let start = 0; start < anchors.length; start += CHUNK) {
    const chunk = anchors.slice(start, start + CHUNK)
    const stored = await storedOf(store, pattern, cluster, chunk)
    const judged = await evaluate(store, pattern, cluster, chunk)
    const concluded = await conclude(store, pattern, cluster, judged, stored, ends)
    verdicts += concluded.written
    overtaken += concluded.overtaken
  }
  await beforeCursor()
  // What woke an anchor must be behind the cursor, or it would wake it again.
  if (overtaken === 0 && (anchors.length > 0 || isFurther(next, cursor)))
    await moveCursor(store, cluster, pattern, next)
  const caughtUp = next.lanes.every((arrival, lane) => arrival >= (ends[lane] ?? 0))
  return { evaluated: anchors.length, verdicts, overtaken, done: anchors.length === 0 && caughtUp }
}

interface Turn extends Run {
  /** Nothing is due any more, or another correlator is at it. */
  readonly done: boolean
}

/** Runs one pattern on one cluster, for so many passes at most. */
const takeTurn = async (
  store: Store,
  cluster: string,
  pattern: Pattern,
  { beforeCursor = () => {}, isOver = () => false }: Steering,
  passes: number,
): Promise<Turn> => {
  let evaluated = 0
  let verdicts = 0
  let overtaken = 0
  let done = false
  for (let made = 0; !done && made < passes && !isOver(); made++) {
    const one = await pass(store, cluster, pattern, beforeCursor)
    evaluated += one.evaluated
    verdicts += one.verdicts
    overtaken = one.overtaken > 0 ? overtaken + 1 : 0
    done = one.done || overtaken === TRIES
  }
  return { cluster, pattern: pattern.id, evaluated, verdicts, done }
}

/** Runs one pattern on one cluster until nothing is due. */
export const runPattern = async (
  store: Store,
  cluster: string,
  pattern: Pattern,
  steering: Steering = {},
): Promise<Run> => {
  const { done, ...run } = await takeTurn(store, cluster, pattern, steering, Number.POSITIVE_INFINITY)
  return run
}

/**
 * Whether a correlator has concluded from all that is written of a cluster by now, so that nothing is due for this pattern. Verdicts may still be open:
 * what they wait for has not come.
 */
export const isCaughtUp = async (store: Store, cluster: string, pattern: Pattern): Promise<boolean> => {
  const [{ ends }, cursor] = await Promise.all([readLanes(store, cluster), readCursor(store, cluster, pattern)])
  if (ends.some((arrival, lane) => arrival > (cursor.lanes[lane] ?? 0))) return false
  const { anchors } = await wake(store, cluster, pattern, cursor, ends, await readCoverage(store, cluster))
  return anchors.length === 0
}

const clustersOf = async (store: Store): Promise<string[]> =>
  (await store.read<{ cluster: string }>(statement('clusters'))).map(({ cluster }) => cluster)

/** How a queue wakes the patterns: one queue each, so that a pattern runs once at a time among all correlators. */
type OpenQueue = (pattern: string, run: () => Promise<void>) => Promise<{ close(): Promise<void> }>

export interface Correlator {
  readonly patterns: readonly Pattern[]
  /** Runs all patterns on one cluster until nothing is due. */
  runOnce(cluster: string): Promise<Run[]>
  /** Keeps running: nudged by the queue, or each second where there is none. */
  start(): Promise<void>
  /** Resolves when what runs has ended. */
  stop(): Promise<void>
}

/** ms between runs where no queue nudges. */
const INTERVAL = 1_000

export interface CorrelatorOptions {
  readonly store: Store
  /** Folders of patterns; aitia's own unless given. */
  readonly patternDirs?: readonly string[]
  readonly queue?: OpenQueue
  readonly onError?: (error: unknown) => void
}

const throwLater = (error: unknown): void => {
  setImmediate(() => {
    throw error
  })
}

/** A correlator holds no state of its own: any number may run, and one may end at any point. */
export const createCorrelator = (options: CorrelatorOptions): Correlator => {
  const { store, patternDirs = [OWN_PATTERNS], queue, onError = throwLater } = options
  const patterns = loadPatterns(patternDirs)
  const ready = { schema: undefined as Promise<void> | undefined }
  const stopping = new AbortController()
  let stops: (() => Promise<void>)[] = []

  const isOver = (): boolean => stopping.signal.aborted

  const prepare = () => {
    ready.schema ??= applyEngineSchema(store, patterns)
    return ready.schema
  }
  let evaluated = 0
  const rehearsed = rehearsals(patterns)
  const live = onPlansMade(store, rehearsed)
  /**
   * Gives each cluster its turn, again and again until nothing is left to do. One that fails has no more of them and does not hold
   * up the others; what went wrong is thrown in the end.
   */
  const runLive = async (pattern: Pattern): Promise<void> => {
    const failed = new Map<string, Error>()
    for (let left = true; left && !isOver(); ) {
      left = false
      for (const cluster of await clustersOf(live)) {
        if (isOver()) break
        if (isOfCase(cluster) || failed.has(cluster)) continue
        try {
          const turn = await takeTurn(live, cluster, pattern, { isOver }, TURN)
          evaluated += turn.evaluated
          left ||= !turn.done
        } catch (error) {
          failed.set(cluster, new Error(`pattern ${pattern.id} on cluster ${cluster}: ${error}`, { cause: error }))
        }
      }
    }
    const errors = [...failed.values()]
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors, errors.join('\n'))
  }
  /** Since it was asked last. */
  const anyEvaluated = (): boolean => {
    const any = evaluated > 0
    evaluated = 0
    return any
  }
  const poll = async (pattern: Pattern): Promise<void> => {
    while (!isOver()) {
      try {
        await runLive(pattern)
      } catch (error) {
        onError(error)
      }
      await sleep(INTERVAL, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }
  return {
    patterns,
    runOnce: async (cluster) => {
      await prepare()
      return Promise.all(patterns.map((pattern) => runPattern(store, cluster, pattern, { isOver })))
    },
    start: async () => {
      await prepare()
      const planning = keepPlanned(store, rehearsed, anyEvaluated, stopping.signal)
      stops.push(() => planning)
      // Each is noted once it runs: where one can't be started the others are to be stopped.
      await Promise.all(
        patterns.map(async (pattern) => {
          if (queue === undefined) {
            const running = poll(pattern)
            stops.push(() => running)
            return
          }
          const open = await queue(pattern.id, () => runLive(pattern))
          stops.push(() => open.close())
        }),
      )
    },
    stop: async () => {
      stopping.abort()
      await Promise.all(stops.map((stop) => stop()))
      stops = []
    },
  }
}
