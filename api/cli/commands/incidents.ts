/** `aitia incidents [ID]`: what is known to be broken, or one incident with each occurrence and its evidence. */
import { idIn, ink, timeOption, withStore } from '../open.ts'
import { Failure, print } from '../output.ts'
import { renderIncident, renderIncidents } from '../render/incidents.ts'

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
    const incident = await reads.incidentByPrefix(store, idIn(options.cluster, id))
    if (incident === null)
      throw new Failure(`no incident ${id} in cluster ${options.cluster}. List them: aitia incidents`)
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

const list = async (options: IncidentsOptions): Promise<void> => {
  const tools = await ink()
  const { namespace, workload, pattern, status, first, after } = options
  const from = timeOption('--since', options.since, tools.reads.now())
  const page = await withStore((store) =>
    tools.reads.incidents(
      store,
      options.cluster,
      Object.fromEntries(
        Object.entries({ namespace, workload, pattern, status, from }).filter(([, value]) => value !== undefined),
      ),
      { first, ...(after === undefined ? {} : { after }) },
    ),
  )
  print(options.json === true, page, (it) => renderIncidents(it, options.cluster, tools))
}

export const incidents = (id: string | undefined, options: IncidentsOptions): Promise<void> =>
  id === undefined ? list(options) : one(id, options)
