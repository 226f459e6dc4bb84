/** `aitia doctor`: what works here, what does not, and what that costs. */
import { join } from 'node:path'
import type { Store } from '../../../graph/store/main.ts'
import { dataDir, neo4jAddress, queuePrefix, redisUrl, wholeEnvironment } from '../config.ts'
import { ink, withStore } from '../open.ts'
import { print, UsageError } from '../output.ts'
import { columns, oneLine } from '../render/columns.ts'
import type { Ink } from '../render/why.ts'

interface Line {
  readonly subject: string
  readonly state: 'ok' | 'degraded' | 'missing'
  readonly detail: string
  readonly remedy?: string
}

export interface DoctorOptions {
  readonly cluster: string
  readonly unpin?: true
  readonly redrive?: true
  readonly all?: true
  readonly json?: true
}

const HOUR = 3_600_000_000
/** µs behind the clock from which on a live source is said to lag: the word on a quiet cluster is 15 s old when it is made, and 5 s more until the next. */
const LAG = 30_000_000

const failing = (subject: string, error: unknown): Line => ({
  subject,
  state: 'missing',
  detail: error instanceof Error ? error.message.split('\n')[0]! : String(error),
})

/** What could never be written, with the reason of the newest: that tells whose fault it is. */
const deadLetterLines = async (count: number): Promise<Line[]> => {
  if (count === 0) return []
  const { newestDeadLetter } = await import('../../../graph/queue/main.ts')
  const newest = await newestDeadLetter({ redisUrl: redisUrl(), prefix: queuePrefix })
  return [
    {
      subject: 'dead letters',
      state: 'degraded',
      detail: `${count} jobs could not be written; the newest: ${oneLine(newest?.reason ?? 'it is gone')}`,
      remedy:
        'an agent or recording that is newer than the worker: update the worker; else mend what sent them. Then `aitia doctor --redrive` puts them back; nothing waits for them',
    },
  ]
}

const queueLines = async (): Promise<Line[]> => {
  const { readQueueStats } = await import('../../../graph/queue/main.ts')
  const stats = await readQueueStats({ redisUrl: redisUrl(), prefix: queuePrefix })
  const waiting = stats.lanes.reduce((sum, lane) => sum + lane.waiting + lane.active, 0)
  const oldest = Math.max(0, ...stats.lanes.map((lane) => lane.oldestAge ?? 0))
  const failed = stats.lanes.reduce((sum, lane) => sum + lane.failed, 0)
  const newer = stats.lanes.reduce((sum, lane) => sum + lane.waitingNewer, 0)
  const problems = [
    ...(stats.refusesWrites === null ? [] : [`it takes no writes: ${stats.refusesWrites}`]),
    ...(stats.evictionPolicy === 'noeviction'
      ? []
      : [`its eviction policy is ${stats.evictionPolicy}, so that jobs may be lost: set noeviction`]),
    ...(stats.appendOnly ? [] : ['it keeps nothing over a crash: set appendonly yes']),
    ...(failed > 0 ? [`${failed} jobs were given up`] : []),
    ...(newer > 0 ? [`${newer} jobs wait for a newer worker`] : []),
    ...(oldest > 30_000 ? ['is a worker running?'] : []),
  ]
  const told = `${stats.lanes.length} lanes, ${waiting} jobs${waiting > 0 ? `, oldest ${(oldest / 1_000).toFixed(1)} s` : ''}`
  const state = problems.length === 0 ? 'ok' : 'degraded'
  return [
    { subject: 'queue', state, detail: [told, ...problems].join('; ') },
    ...(await deadLetterLines(stats.deadLetters)),
  ]
}

const graphLine = async (store: Store, cluster: string, { reads }: Ink): Promise<Line> => {
  const [{ showSchema }, { horizonOf }] = await Promise.all([
    import('../../../graph/store/main.ts'),
    import('../../../graph/ingest/main.ts'),
  ])
  const [schema, size, removed] = await Promise.all([
    showSchema(store),
    reads.graphSize(store, cluster),
    horizonOf(store, cluster),
  ])
  const horizon = size.oldestAt === null ? 'nothing yet' : `back to ${reads.span(reads.now() - size.oldestAt)} ago`
  const retention =
    removed === null ? '' : `, answers from ${reads.span(reads.now() - removed.at)} ago on: what is older was removed`
  const told = `Neo4j at ${neo4jAddress().uri}, schema ${schema.applied ?? 'none'}, ${size.events} events, ${cluster}: ${horizon}${retention}`
  const problems = [
    ...(schema.applied === schema.wanted ? [] : [`this program knows schema ${schema.wanted}`]),
    ...(schema.notOnline.length > 0 ? [`indexes not online: ${schema.notOnline.join(', ')}`] : []),
  ]
  return {
    subject: 'graph',
    state: problems.length === 0 ? 'ok' : 'degraded',
    detail: [told, ...problems].join('; '),
    ...(schema.applied === schema.wanted ? {} : { remedy: 'aitia schema apply' }),
  }
}

const sourceLines = async (store: Store, cluster: string, { reads }: Ink): Promise<Line[]> => {
  const now = reads.now()
  const watched = await reads.sources(store, cluster, { from: now - HOUR, to: now, known: reads.KNOWN_NOW })
  const none: Line = {
    subject: 'sources',
    state: 'missing',
    detail: `none was heard of cluster ${cluster} in the last hour`,
    remedy: 'aitia agent',
  }
  const lost = watched.flatMap((source) => source.losses)
  return [
    ...(watched.length === 0 ? [none] : []),
    ...watched.map((source): Line => {
      const behind = now - source.watermark
      const gaps = source.gaps.length > 0 ? `, ${reads.many(source.gaps.length, 'gap')} in the last hour` : ''
      const late = behind > LAG && !source.ended
      return {
        subject: source.source,
        state: late || source.gaps.length > 0 ? 'degraded' : 'ok',
        detail: `${source.ended ? 'ended' : `passed on all until ${reads.span(behind)} ago`}${gaps}`,
      }
    }),
    {
      subject: 'lost in the last hour',
      state: lost.length === 0 ? 'ok' : 'degraded',
      detail: lost.length === 0 ? '0' : lost.map((loss) => `${loss.count} of ${loss.source} (${loss.what})`).join(', '),
    },
  ]
}

const render = (lines: readonly Line[], { colour }: Ink): string => {
  const paint = { ok: colour.green, degraded: colour.yellow, missing: colour.red }
  const rows = columns(lines.map(({ subject, state, detail }) => [subject, state, detail]))
  return lines
    .flatMap(({ state, remedy }, index) => [
      rows[index]!.replace(` ${state} `, ` ${paint[state](state)} `),
      ...(remedy === undefined ? [] : [colour.dim(`    do: ${remedy}`)]),
    ])
    .join('\n')
}

export const doctor = async (options: DoctorOptions): Promise<void> => {
  const agent = await import('../../../agent/main.ts')
  if (options.all && !options.unpin)
    throw new UsageError('got --all without --unpin, which it widens to other data folders: give both')
  if (options.unpin) {
    const left = await agent.unpin(options.all ? null : join(dataDir, 'agent'))
    print(options.json === true, { unpinned: left }, () =>
      left.length === 0 ? 'nothing was pinned' : `let go of:\n  ${left.join('\n  ')}`,
    )
    return
  }
  if (options.redrive) {
    const { redriveDeadLetters } = await import('../../../graph/queue/main.ts')
    const count = await redriveDeadLetters({ redisUrl: redisUrl(), prefix: queuePrefix })
    print(options.json === true, { redriven: count }, () =>
      count === 0 ? 'no dead letter can be put back' : `${count} dead letters are back in their lanes`,
    )
    return
  }
  const tools = await ink()
  const ofGraph = withStore(async (store) => [
    await graphLine(store, options.cluster, tools),
    ...(await sourceLines(store, options.cluster, tools)),
  ])
  const lines = (
    await Promise.all([
      agent
        // -c says it in place of AITIA_CLUSTER
        .doctor({ ...wholeEnvironment, AITIA_CLUSTER: options.cluster }, join(dataDir, 'agent'))
        .catch((error: unknown) => [failing('agent', error)]),
      queueLines().catch((error: unknown) => [failing('queue', error)]),
      ofGraph.catch((error: unknown) => [failing('graph', error)]),
    ])
  ).flat()
  print(options.json === true, lines, (all) => render(all, tools))
  if (lines.some((line) => line.state === 'missing')) process.exitCode = 1
}
