/** The agent: runs the collectors beside what they watch and passes on what they see. */
import { join } from 'node:path'
import { faultOfWatchedName } from '../graph/model/cluster-name.ts'
import type { DoctorLine, Log } from './collectors/collector.ts'
import { environment } from './config.ts'
import { COLLECTORS, discover, type Environment, type Found, ownDir, reasonAgainst } from './discover.ts'
import { keepSmall } from './memory.ts'

export { faultOfWatchedName } from '../graph/model/cluster-name.ts'
export type { DoctorLine } from './collectors/collector.ts'

export interface AgentOptions {
  readonly redisUrl: string
  /** Prefix of the queue's keys. */
  readonly prefix: string
  readonly cluster: string
  /** Belongs to one agent at a time: the spool, and a folder for each collector. */
  readonly dataDir: string
  /** Names of the collectors to run; without it, all that can run here. */
  readonly collectors?: readonly string[]
  readonly log: Log
  /** Folder of the collectors, for tests. */
  readonly folder?: string
}

export interface RunningAgent {
  /** Collectors that run now. */
  running(): readonly string[]
  /** Stops the collectors, tells how far they came, and leaves what can't be queued on disk for the next start. */
  stop(): Promise<void>
}

/**
 * Runs an agent until it is stopped. Redis may be away. Throws where no cluster may have this name, where its data folder is in
 * use, and where a collector that was named can't run here.
 */
export const runAgent = async (options: AgentOptions): Promise<RunningAgent> => {
  const misnamed = faultOfWatchedName(options.cluster)
  // All that is sent under it would be lost where it is written.
  if (misnamed !== null) throw new Error(misnamed)
  // before the code is loaded, whose garbage would make V8's young generation large for good
  keepSmall()
  const { run } = await import('./run.ts')
  return run(options)
}

/** One collector that can't even tell what it lacks leaves the lines of the others as they are. */
const linesOf = async (found: Found, settings: Environment, dataDir?: string): Promise<readonly DoctorLine[]> => {
  const subject = `collector ${found.name}`
  const reason = await reasonAgainst(found, settings)
  try {
    const unasked = found.collector?.unasked?.(settings)
    if (unasked) return [{ subject, state: 'degraded', ...unasked }]
    const own = dataDir === undefined ? null : ownDir(dataDir, found.name)
    const lines = (await found.collector?.doctor?.(settings, own)) ?? []
    const missing = lines.filter(({ state }) => state === 'missing')
    // One that says itself what is missing says what that costs, and what to do.
    if (reason !== null && missing.length > 0)
      return [{ subject, state: 'missing', detail: "can't run here" }, ...lines]
    if (reason !== null) return [{ subject, state: 'missing', detail: reason }]
    const blind = lines.length > 0 && missing.length === lines.length
    const head: DoctorLine = blind
      ? { subject, state: 'missing', detail: 'can run here, but would see nothing' }
      : { subject, state: 'ok', detail: 'can run here' }
    return [head, ...lines]
  } catch (error) {
    return [{ subject, state: 'missing', detail: reason ?? (error as Error).message }]
  }
}

const spoolLine = async (dataDir: string): Promise<DoctorLine> => {
  const { spoolBytes } = await import('../graph/queue/main.ts')
  const bytes = spoolBytes(join(dataDir, 'spool'))
  return { subject: 'spool', state: 'ok', detail: `${bytes} bytes on disk` }
}

/** Of the owners of pods in which something is seen to happen, where something here sees that. */
const attributionLines = async (found: readonly Found[], settings: Environment): Promise<readonly DoctorLine[]> => {
  if (!found.some(({ collector }) => collector?.attributed)) return []
  const { doctor } = await import('./attribution/main.ts')
  return doctor(settings).catch((error: Error) => [{ subject: 'attribution', state: 'missing', detail: error.message }])
}

/** What each collector can see here, and what the spool of the agent with this `dataDir` holds. */
export const doctor = async (settings = environment, dataDir?: string): Promise<readonly DoctorLine[]> => {
  const found = await discover(COLLECTORS)
  const lines = await Promise.all([
    ...found.map((each) => linesOf(each, settings, dataDir)),
    attributionLines(found, settings),
  ])
  return [...lines.flat(), ...(dataDir === undefined ? [] : [await spoolLine(dataDir)])]
}

/** Lets go of what agents with this `dataDir` (all agents of this machine, where it is null) left at work in the kernel; says what that was. */
export const unpin = async (dataDir: string | null): Promise<readonly string[]> => {
  const found = await discover(COLLECTORS)
  const left = await Promise.all(
    found.map(({ name, collector }) => collector?.unpin?.(dataDir === null ? null : ownDir(dataDir, name)) ?? []),
  )
  return left.flat()
}
