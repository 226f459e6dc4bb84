/** Commands that ask about any time: what was there, who relied on whom, who had an address, what changed and happened. */
import type { AsOfQuestion } from '../../../queries/reads/main.ts'
import { ink, refuseTurned, refuseUnheard, timeOption, withStore } from '../open.ts'
import { print } from '../output.ts'
import {
  renderChanges,
  renderEvents,
  renderHolders,
  renderOwners,
  renderReliance,
  renderTopology,
  renderWorkload,
} from '../render/as-of.ts'
import type { Ink } from '../render/why.ts'
import { parseTarget } from './why.ts'

export interface AsOfOptions {
  readonly cluster: string
  readonly namespace: string
  readonly at?: string
  readonly known?: string
  readonly json?: true
}

interface Sized extends AsOfOptions {
  readonly depth: number
  readonly first: number
}

const times = (options: Pick<AsOfOptions, 'at' | 'known'>, { reads }: Ink): { at?: number; known?: number } => {
  const now = reads.now()
  const at = timeOption('--at', options.at, now)
  const known = timeOption('--known', options.known, now)
  return { ...(at === undefined ? {} : { at }), ...(known === undefined ? {} : { known }) }
}

const questionOf = (target: string, options: AsOfOptions, tools: Ink): AsOfQuestion => ({
  ...parseTarget(target),
  ...{ namespace: options.namespace, cluster: options.cluster },
  ...times(options, tools),
})

export const topology = async (target: string | undefined, options: Sized): Promise<void> => {
  const tools = await ink()
  const { reads } = tools
  const { cluster, namespace } = options
  const found = await withStore(async (store) => {
    if (target !== undefined)
      return reads.topologyAround(store, questionOf(target, options, tools), reads.sizeOf(options))
    await refuseUnheard(store, cluster)
    return reads.topologyOfNamespace(store, { cluster, namespace, ...times(options, tools) }, reads.sizeOf(options))
  })
  print(options.json === true, found, (it) => renderTopology(it, target ?? `namespace ${namespace}`, tools))
}

export const workload = async (target: string, options: AsOfOptions): Promise<void> => {
  const tools = await ink()
  const found = await withStore((store) => tools.reads.workload(store, questionOf(target, options, tools)))
  print(options.json === true, found, (it) => renderWorkload(it, tools))
}

export const owners = async (target: string, options: AsOfOptions): Promise<void> => {
  const tools = await ink()
  const found = await withStore((store) => tools.reads.ownerChain(store, questionOf(target, options, tools)))
  print(options.json === true, found, (it) => renderOwners(it, tools))
}

const reliance =
  (direction: 'dependencies' | 'dependents') =>
  async (target: string, options: Sized): Promise<void> => {
    const tools = await ink()
    const { reads } = tools
    const found = await withStore((store) =>
      reads[direction](store, questionOf(target, options, tools), reads.sizeOf(options)),
    )
    print(options.json === true, found, (it) => renderReliance(it, direction, tools))
  }
export const dependencies = reliance('dependencies')
export const dependents = reliance('dependents')

export const whoHad = async (ip: string, options: Omit<AsOfOptions, 'namespace'>): Promise<void> => {
  const tools = await ink()
  const { cluster } = options
  const found = await withStore(async (store) => {
    await refuseUnheard(store, cluster)
    return tools.reads.whoHad(store, { ip, cluster, ...times(options, tools) })
  })
  print(options.json === true, found, (it) => renderHolders(it, tools))
}

interface ChangesOptions extends Omit<Sized, 'at' | 'depth'> {
  readonly from: string
  readonly to?: string
  readonly around?: true
}

export const changes = async (target: string, options: ChangesOptions): Promise<void> => {
  const tools = await ink()
  const now = tools.reads.now()
  const { at, ...question } = questionOf(target, { ...options, ...(options.to ? { at: options.to } : {}) }, tools)
  // -2h is before now, as it is of --to; 13:30 is the last one before the end.
  const from = timeOption('--from', options.from, options.from.startsWith('-') ? now : (at ?? now))!
  await refuseTurned(['--from', from], at === undefined ? ['now', now] : ['--to', at])
  const found = await withStore((store) =>
    tools.reads.changes(store, {
      ...question,
      ...(at === undefined ? {} : { to: at }),
      ...{ from, around: options.around === true, first: options.first },
    }),
  )
  print(options.json === true, found, (it) => renderChanges(it, tools))
}

interface EventsOptions extends Omit<Sized, 'depth'> {
  readonly since?: string
}

export const events = async (target: string, options: EventsOptions): Promise<void> => {
  const tools = await ink()
  const question = questionOf(target, options, tools)
  const from = timeOption('--since', options.since, question.at ?? tools.reads.now())
  if (from !== undefined && question.at !== undefined) await refuseTurned(['--since', from], ['--at', question.at])
  const found = await withStore((store) =>
    tools.reads.eventsOf(store, { ...question, ...(from === undefined ? {} : { from }), first: options.first }),
  )
  print(options.json === true, found, (it) => renderEvents(it, tools))
}
