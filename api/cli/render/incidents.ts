/** Lists of incidents, and one incident with its occurrences. */
import type { Incident, OccurrenceDetail, Page } from '../../../queries/reads/main.ts'
import { columns, cut } from './columns.ts'
import type { Ink } from './why.ts'

const bare = (cluster: string, id: string): string => id.replace(`${cluster}/`, '')

const workloadOf = ({ workloadKind, workloadName, namespace, containerName }: Incident): string =>
  `${workloadKind?.toLowerCase() ?? 'unknown'}/${workloadName ?? '?'}${namespace ? ` -n ${namespace}` : ''}${containerName ? ` (${containerName})` : ''}`

/** One line for each incident, the latest first. */
export const renderIncidents = (page: Page<Incident>, cluster: string, { clock, colour }: Ink): string => {
  if (page.items.length === 0) return `No incident is known in cluster ${cluster}.`
  const rows = page.items.map((it) => [
    clock.at(it.lastAt),
    workloadOf(it),
    cut(it.title, 40),
    `${it.count}x`,
    it.confidence.toFixed(2),
    it.status,
    bare(cluster, it.id),
  ])
  const [head, ...lines] = columns([['LAST', 'WORKLOAD', 'WHAT', 'TIMES', 'SURE', 'STATUS', 'ID'], ...rows])
  const more = page.endCursor === null ? [] : [`More: aitia incidents --after ${page.endCursor}`]
  return [colour.bold(head!), ...lines, ...more].join('\n')
}

/** An incident with each occurrence, its evidence and ids. */
export const renderIncident = (
  found: { incident: Incident; occurrences: readonly OccurrenceDetail[]; endCursor: string | null },
  { reads, clock, colour }: Ink,
): string => {
  const { incident, occurrences, endCursor } = found
  const told = occurrences.flatMap(({ occurrence, verdict, evidence, affected }) => [
    '',
    `  ${clock.at(occurrence.at)}  ${occurrence.outcome}  ${occurrence.confidence.toFixed(2)} (${occurrence.status}${verdict ? `, verdict ${verdict.number}` : ''})`,
    ...columns(
      evidence.map(({ event }) => [
        '   ',
        clock.stamp(event.at, event.uncertainty),
        reads.titleOf(event.kind),
        bare(incident.cluster, event.id),
      ]),
    ),
    `     affects ${affected.map(({ role, object }) => `${role} ${object.name ?? bare(incident.cluster, object.key)}`).join(', ')}`,
  ])
  return [
    colour.bold(
      `${incident.title}: ${workloadOf(incident)}, ${reads.many(incident.count, 'time')} since ${clock.since(incident.firstAt)}`,
    ),
    ...told,
    ...(endCursor === null
      ? []
      : ['', `More: aitia incidents ${bare(incident.cluster, incident.id)} --after ${endCursor}`]),
  ].join('\n')
}
