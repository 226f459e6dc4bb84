/** What a collector is to the agent. Each folder of agent/collectors with a `main.ts` exports one as its default; no list names it. */
import type { Logger } from 'pino'
import type { K8sContext } from '../../graph/model/context.ts'
import type { EventName } from '../../graph/model/generated/types.ts'
import type { Observation } from '../../graph/model/observation.ts'

/** Where a part of the agent says what it does. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>

/** The machine that an agent runs on. */
export interface HostIdentity {
  /** Key of the Host object: the machine id, or AITIA_HOST_ID where several "nodes" share a machine. */
  readonly key: string
  readonly hostname: string
  /** Names one boot of it: with the boot clock it orders kernel events. */
  readonly bootId: string
}

/** Hands observations over, with the contexts that they refer to by digest. */
export type Emit = (
  observations: readonly Observation[],
  contexts?: Readonly<Record<string, K8sContext>>,
) => Promise<void>

export interface CollectorContext {
  readonly cluster: string
  readonly host: HostIdentity
  /**
   * Takes the observations in the order of the calls, at once, and resolves when they are safe on disk: acknowledge at the
   * source only then. What waits for it may go on reading, but bounds how much it has handed over.
   */
  readonly emit: Emit
  /** Resolves when all that was handed over so far is in the queue, which outlives this machine; rejects when the signal is aborted. */
  drained(signal: AbortSignal): Promise<void>
  /** Events and states of this agent that found no room on disk so far: they are told as a loss, and who can make them again does. */
  dropped(): number
  /** A folder of the collector's own, made before it starts, kept over restarts. */
  readonly dataDir: string
  readonly log: Log
  /** Aborted when the agent is asked to end, before `stop` is called. */
  readonly signal: AbortSignal
}

/** How far one stream of a collector has come. The agent makes its heartbeats of this. */
export interface Progress {
  /** `sourceOf(...)`: `ebpf@<host key>`, `kubernetes@cluster`. */
  readonly source: string
  /** One run of the collector: random at each start. */
  readonly session: string
  /** µs: nothing before it is claimed. */
  readonly since: number
  /** µs: all that happened before it was handed to `emit` (which need not have resolved). Null: nothing can be claimed yet. */
  readonly watermark: number | null
  /** Since the start of the session, e.g. `ring.oom_kill` for failed reserves of that program. */
  readonly counters?: Readonly<Record<string, number>>
  /** Kinds of its own that it can't see; see `HeartbeatObservation`. */
  readonly blind?: readonly EventName[]
}

export interface RunningCollector {
  /** Hands over what is still held and releases everything. The agent sends a last heartbeat after it. */
  stop(): Promise<void>
  /**
   * Asked each second while something happens, every few in a quiet time, after `start` and after `stop`: what a collector does
   * from time to time it does here. One without it sends its heartbeats itself, through `emit`.
   */
  progress?(): readonly Progress[]
}

/** One line of `aitia doctor`. */
export interface DoctorLine {
  readonly subject: string
  readonly state: 'ok' | 'degraded' | 'missing'
  /** What was found, and what it costs where it is not ok. */
  readonly detail: string
  /** What to do about it. */
  readonly remedy?: string
}

export interface Collector {
  readonly name: string
  /** What it emits is about pods that it knows from the host alone: names, workload and context are added by agent/attribution. */
  readonly attributed?: true
  /** Null where it can run here; else why not, and what would change that. */
  available(environment: Readonly<Record<string, string | undefined>>): Promise<string | null>
  /**
   * Where the environment names nothing for it to watch: what is not known without it. That is as it was asked for, and no fault.
   * Null where something is named, also if that can't be watched.
   */
  unasked?(environment: Readonly<Record<string, string | undefined>>): Pick<DoctorLine, 'detail' | 'remedy'> | null
  start(context: CollectorContext): Promise<RunningCollector>
  /** Lets go of what runs of it with this data folder (any, where it is null) left at work outside of the agent; says what that was. */
  unpin?(dataDir: string | null): Promise<readonly string[]>
  /** `dataDir` is the collector's own folder of the agent that is meant. */
  doctor?(
    environment: Readonly<Record<string, string | undefined>>,
    dataDir: string | null,
  ): Promise<readonly DoctorLine[]>
}
