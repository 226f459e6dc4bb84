/** `aitia incidents [ID]`: what is known to be broken, or one incident with each occurrence and its evidence. */
import type { Store } from '../../../graph/store/main.ts'
import type { IncidentFilter } from '../../../queries/reads/main.ts'
import { incidentNamed, ink, refuseUnheard, timeOption, withStore } from '../open.ts'
import { Failure, print } from '../output.ts'
import { renderIncident, renderIncidents, renderNone } from '../render/incidents.ts'
import { parseTarget } from './why.ts'

export interface IncidentsOptions {
  readonly cluster: string
  readonly namespace?: string
  readonly workload?: string
  readonly pattern?: string
  readonly status?: 'waiting' | 'provisional' | 'final'
  readonly since?: string
  readonly first: number
  readonly after?: string
  readonly json?: true
}

const one = async (id: string, options: IncidentsOptions): Promise<void> => {
  const tools = await ink()
  const { reads } = tools
  const found = await withStore(async (store) => {
    const incident = await incidentNamed(store, options.cluster, id)
    const page = await reads.occurrences(store, incident.id, {
      first: Math.min(options.first, 50),
      ...(options.after === undefined ? {} : { after: options.after }),
    })
    const ids = page.items.map((it) => it.id)
    const details = await reads.occurrenceDetails(store, ids, reads.KNOWN_NOW)
    return { incident, occurrences: ids.flatMap((it) => details.get(it) ?? []), endCursor: page.endCursor }
  })
  print(options.json === true, found, (it) => renderIncident(it, tools))
}

/** `deployment/checkout`; of a bare name any kind, as a list leaves out by what it is told and by nothing else. */
const topOwner = (target: string | undefined): Pick<IncidentFilter, 'workload' | 'workloadKind'> => {
  if (target === undefined) return {}
  const { kind, name } = parseTarget(target)
  return { workload: name, ...(target.includes('/') ? { workloadKind: kind } : {}) }
}

/** The options that leave incidents out, as they were given; a time as it was taken. */
const filtersOf = ({ namespace, workload, pattern, status }: IncidentsOptions, since: string | undefined): string[] =>
  Object.entries({ namespace, workload, pattern, status, since }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${value}`],
  )

/** What there is instead, where a page is empty: incidents that the filters left out, or those of other clusters. */
const instead = async (store: Store, options: IncidentsOptions, since: string | undefined) => {
  const { incidentCounts, isKind, isOfCase, unknownKindText } = await import('../../../queries/reads/main.ts')
  const counts = await incidentCounts(store, await refuseUnheard(store, options.cluster))
  const { workloadKind } = topOwner(options.workload)
  if (workloadKind !== undefined && !(await isKind(store, options.cluster, workloadKind)))
    throw new Failure(unknownKindText(workloadKind, options.cluster))
  return {
    filters: filtersOf(options, since),
    here: counts.find((it) => it.cluster === options.cluster)?.count ?? 0,
    elsewhere: counts.filter((it) => it.cluster !== options.cluster && it.count > 0 && !isOfCase(it.cluster)),
  }
}

const list = async (options: IncidentsOptions): Promise<void> => {
  const tools = await ink()
  const { namespace, workload, pattern, status, first, after } = options
  const owner = topOwner(workload)
  const from = timeOption('--since', options.since, tools.reads.now())
  const since = from === undefined ? undefined : tools.clock.utc(from)
  const { page, none } = await withStore(async (store) => {
    const filter = Object.fromEntries(
      Object.entries({ namespace, ...owner, pattern, status, from }).filter(([, value]) => value !== undefined),
    )
    const page = await tools.reads.incidents(store, options.cluster, filter, {
      first,
      ...(after === undefined ? {} : { after }),
    })
    return { page, none: page.items.length > 0 || after !== undefined ? null : await instead(store, options, since) }
  })
  print(options.json === true, from === undefined ? page : { ...page, from }, (it) =>
    none === null
      ? [
          renderIncidents(it, options.cluster, filtersOf(options, since), tools),
          ...(since === undefined ? [] : [`Since ${since}.`]),
        ].join('\n')
      : renderNone(none, options.cluster, tools),
  )
}

export const incidents = (id: string | undefined, options: IncidentsOptions): Promise<void> =>
  id === undefined ? list(options) : one(id, options)
