/** Lists of incidents, and one incident with its occurrences. */
import type { Incident, OccurrenceDetail, Page } from '../../../queries/reads/main.ts'
import { columns, cut, ROOM } from './columns.ts'
import { clusterOption, type Ink } from './why.ts'

const bare = (cluster: string, id: string): string => id.replace(`${cluster}/`, '')

/** Where only the kernel told of a pod it has no name: its UID then, which `aitia why` takes too. */
const workloadOf = ({ workloadKind, workloadName, workloadKey, cluster, namespace, containerName }: Incident): string =>
  `${workloadKind?.toLowerCase() ?? 'unknown'}/${workloadName ?? bare(cluster, workloadKey)}${namespace ? ` -n ${namespace}` : ''}${containerName ? ` (${containerName})` : ''}`

interface Count {
  readonly cluster: string
  readonly count: number
}

/** Clusters that a message names. */
const NAMED = 3

/** Why a list is empty: nothing is known at all, or the filters left all out, or it is in another cluster. */
export const renderNone = (
  { filters, here, elsewhere }: { filters: readonly string[]; here: number; elsewhere: readonly Count[] },
  cluster: string,
  { reads }: Ink,
): string => {
  if (here > 0)
    return `No incident in cluster ${cluster} fits ${filters.join(' ')}; without that there ${here === 1 ? 'is 1' : `are ${here}`}.`
  const known = elsewhere.slice(0, NAMED).map((it) => `${reads.many(it.count, 'incident')} in ${it.cluster}`)
  return [
    `No incident is known in cluster ${cluster}.`,
    ...(known.length === 0
      ? []
      : [
          `There ${elsewhere[0]!.count === 1 ? 'is' : 'are'} ${known.join(', ')}: aitia incidents -c ${elsewhere[0]!.cluster}`,
        ]),
  ].join(' ')
}

/** Width of what an incident is about, in the list. */
const TITLE = Math.floor(ROOM * 0.4)

/** One line for each incident, the latest first; what is asked for the next page leaves out the same by `filters`. */
export const renderIncidents = (
  page: Page<Incident>,
  cluster: string,
  filters: readonly string[],
  { clock, colour, ownCluster }: Ink,
): string => {
  if (page.items.length === 0) return 'No more incidents.'
  const rows = page.items.map((it) => [
    clock.at(it.lastAt),
    workloadOf(it),
    cut(it.title, TITLE),
    `${it.count}x`,
    it.confidence.toFixed(2),
    it.status,
    bare(cluster, it.id),
  ])
  const [head, ...lines] = columns([
    [`LAST (${clock.zone(page.items[0]!.lastAt)})`, 'WORKLOAD', 'WHAT', 'TIMES', 'SURE', 'STATUS', 'ID'],
    ...rows,
  ])
  const more =
    page.endCursor === null
      ? []
      : [
          `More: ${['aitia incidents', ...filters].join(' ')}${clusterOption(cluster, ownCluster)} --after ${page.endCursor}`,
        ]
  return [colour.bold(head!), ...lines, ...more].join('\n')
}

/** An incident with each occurrence, its evidence and ids. */
export const renderIncident = (
  found: { incident: Incident; occurrences: readonly OccurrenceDetail[]; endCursor: string | null },
  { reads, clock, colour, ownCluster }: Ink,
): string => {
  const { incident, occurrences, endCursor } = found
  const told = occurrences.flatMap(({ occurrence, verdict, evidence, affected }) => [
    '',
    `  ${clock.stamped(occurrence.at, Math.max(reads.SECOND, occurrence.until - occurrence.at))}  ${occurrence.outcome}  ${occurrence.confidence.toFixed(2)} (${occurrence.status}${verdict ? `, verdict ${verdict.number}` : ''})`,
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
      : [
          '',
          `More: aitia incidents ${bare(incident.cluster, incident.id)}${clusterOption(incident.cluster, ownCluster)} --after ${endCursor}`,
        ]),
  ].join('\n')
}
