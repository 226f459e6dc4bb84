/** The answer to `why` as text: the first line is the answer, the rest lets the reader check it. */
import type { Colors } from 'picocolors/types.js'
import type { Answer, IncidentAnswer, Owner } from '../../../queries/reads/main.ts'
import { columns, cut, LABEL, label, labelled as lines, listed, ROOM, wrap } from './columns.ts'
import { timesAbsent, timesTaken } from './taken.ts'
import type { Clock } from './time.ts'

/** The reads' own words for quantities and events; given, since the command line loads them only when it needs them. */
export type Reads = typeof import('../../../queries/reads/main.ts')

export interface Ink {
  readonly reads: Reads
  readonly clock: Clock
  readonly colour: Colors
  /** The cluster that commands mean when they name none. */
  readonly ownCluster: string
}

/** How a command that is printed says which cluster it means. */
export const clusterOption = (cluster: string, own: string): string => (cluster === own ? '' : ` -c ${cluster}`)

type Seen = Exclude<Answer, { result: 'not-found' }>

const withoutCluster = (cluster: string, key: string): string =>
  key.startsWith(`${cluster}/`) ? key.slice(cluster.length + 1) : key
/** Container ids and UIDs are told apart by their first digits. */
const short = (key: string): string => (/^[0-9a-f-]{12,}$/.test(key) ? key.slice(0, 8) : key)
/** An id made of such parts. */
const shortId = (id: string): string => id.split('/').map(short).join('/')

const collectorOf = (source: string): string => source.split('@')[0]!

/** One line for each step, and between two the key that joins them and the time from the one to the other. */
const chain = (detail: IncidentAnswer, answer: Seen, { reads, clock, colour }: Ink): string[] => {
  const steps = detail.evidence.map(({ event }) => event)
  const rows = steps.map((event) => [
    clock.stamp(event.at, event.uncertainty),
    reads.titleOf(event.kind),
    reads.summaryOf(event),
    collectorOf(event.source),
    event.host === undefined ? '' : (answer.hosts[event.host] ?? short(event.host)),
  ])
  const head = columns(rows.map(([time, title]) => [time!, title!, '|'])).map((line) => line.slice(0, -1))
  const tail = columns(rows.map(([, , , collector, node]) => [collector!, node!]))
  const width = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length))
  const room = ROOM - 4 - width(head) - width(tail)
  const middle = Math.min(room, width(rows.map(([, , summary]) => summary!)))
  const told = rows.map(
    ([, , summary], index) => `  ${head[index]}${cut(summary!, middle).padEnd(middle + 2)}${colour.dim(tail[index]!)}`,
  )
  return steps.flatMap((event, index) => {
    const next = steps[index + 1]
    const { hops } = detail.verdict
    // The key may join it to an earlier line than the one above.
    const hop =
      hops.find((it) => it.fromId === event.id && it.toId === next?.id) ?? hops.find((it) => it.toId === next?.id)
    if (hop === undefined) return [told[index]!]
    const lag =
      Math.abs(hop.lag) <= hop.lagUncertainty
        ? `within ${reads.span(hop.lagUncertainty)}`
        : `${hop.lag < 0 ? '' : '+'}${reads.span(hop.lag)}`
    const key = hop.joinValue === null ? '' : ` ${short(withoutCluster(answer.cluster, hop.joinValue))}`
    const after = hop.fromId === event.id ? '' : ` after ${reads.titleOf(hop.from)}`
    return [
      told[index]!,
      `      |  ${lag.padEnd(10)}${after} same ${hop.joinKey}${key}${colour.dim(` (${hop.resolver})`)}`,
    ]
  })
}

const affects = ({ impact, occurrence }: IncidentAnswer, answer: Seen, { reads }: Ink): string[] =>
  impact
    .filter((it) => it.role !== 'owner')
    .map(({ kind, namespace, name, wanted, before, fewest, wantedAfter, after, cut: more }) => {
      const who = `${kind} ${namespace === null ? '' : `${namespace}/`}${name ?? '?'}`
      const all = wanted ?? before
      if (more) return `${who}: more endpoints than one answer counts`
      if (fewest === null || all === null) return who
      const open = fewest === before && reads.mayStillLose(answer, occurrence) ? ' so far' : ''
      const scaled = wantedAfter === wanted ? '' : ` of ${wantedAfter}`
      const now = after === null || (after === fewest && scaled === '') ? open : `, now ${after}${scaled}`
      return kind === 'Service'
        ? `${who}: ${fewest} of ${all} endpoints left${now}`
        : `${who}: ${fewest} of ${all} ready${now}`
    })

const confidence = ({ verdict }: IncidentAnswer, { colour, reads }: Ink): string[] => {
  const { parts } = verdict
  const witnesses = Object.entries(parts?.links ?? {}).flatMap(([step, origins]) =>
    Object.keys(origins).length > 1
      ? [`${Object.keys(origins).length} independent witnesses of ${reads.titleOf(step)}`]
      : [],
  )
  const made = [
    ...(parts === null ? [] : [`rule ${parts.rule} x joins ${parts.joins.toFixed(2)}`]),
    ...(parts !== null && parts.alternatives > 1 ? [`/ ${parts.alternatives} ways to read it`] : []),
    ...(parts?.caps ?? []).map((cap) => `capped at ${cap.value} for ${cap.why}`),
  ].join(' ')
  const watched = verdict.losses.length + verdict.unseen.length === 0 ? ['nothing lost in its window'] : []
  const text = [`${verdict.confidence.toFixed(2)} (${verdict.status}): ${made}`, ...witnesses, ...watched].join(', ')
  return [label('confidence', verdict.status === 'final' ? wrap(text, LABEL) : colour.yellow(wrap(text, LABEL)))]
}

const holes = ({ verdict }: IncidentAnswer, { clock }: Ink): string[] =>
  verdict.losses.map(({ hole, source, from, to, what, count }) =>
    [
      `${source} ${hole === 'gap' ? 'was not watching' : `lost ${count ?? 'some'} observations`}`,
      `${clock.at(from)} to ${clock.at(to)}: ${what}`,
    ].join(' '),
  )

const before = ({ before, rivals: { limit } }: IncidentAnswer, { reads, clock }: Ink): string[] => {
  const times =
    before.count === 0 || before.since === null
      ? []
      : [`${reads.many(before.count, 'time')} since ${clock.since(before.since)}`]
  const told =
    limit === null
      ? []
      : limit.changed === null
        ? [`limit unchanged since ${clock.since(limit.since)} (${reads.bytes(limit.bytes)})`]
        : [`limit changed at ${clock.at(limit.since)}: ${limit.changed.before} -> ${limit.changed.after}`]
  const all = [...times, ...told].join('; ')
  return all === '' ? [] : [all]
}

const RIVALS = {
  'workload-changed': 'change of the workload (none seen',
  'configuration-changed': 'change of its configuration (none seen',
  'node-under-pressure': 'pressure on the node (none reported',
} as const

const notThis = ({ rivals, occurrence }: IncidentAnswer, { reads }: Ink): string[] =>
  rivals.notThis.map(({ rival, from }) => `${RIVALS[rival]} in the ${reads.span(occurrence.at - from)} before)`)

/** Of what happened again and again, how often that is not decided yet. */
const undecided = ({ count, waiting }: IncidentAnswer): string[] =>
  waiting > 0 && count > 1 ? [`${waiting} of ${count} times it is not decided yet: steps may still come`] : []

const workloadName = ({ kind, name, namespace, key }: Owner, cluster: string): string =>
  `${kind} ${namespace === null ? '' : `${namespace}/`}${name ?? short(withoutCluster(cluster, key))}`

/** Whose it is, where that is not told by owner references. */
const owner = ({ verdict: { ownership } }: IncidentAnswer, { cluster }: Seen): string[] =>
  ownership?.resolver === 'K8sContext' && ownership.workload !== null
    ? [`${workloadName(ownership.workload, cluster)}, by the K8sContext of an event: owner references do not tell`]
    : []

/** What else it may have been: where that differs from what is told above. */
const otherwise = ({ verdict, evidence }: IncidentAnswer, { cluster }: Seen, { reads }: Ink): string[] => {
  const own = new Set(evidence.map(({ event }) => event.id))
  const told = verdict.alternatives.map(({ outcome, confidence, evidence, workload }) => {
    const others = evidence.filter(({ id }) => !own.has(id))
    const whose =
      workload === null || workload.key === verdict.ownership?.workload?.key
        ? ''
        : ` of ${workloadName(workload, cluster)}`
    const by = others.map(({ step, id }) => `${reads.titleOf(step)} ${shortId(withoutCluster(cluster, id))}`).join(', ')
    return `${outcome} (${confidence.toFixed(2)})${whose}${by === '' ? '' : `, by ${by}`}`
  })
  const more = (verdict.parts?.alternatives ?? 1) - 1 - told.length
  return more > 0 ? [...told, `and ${more} more`] : told
}

const incident = (it: IncidentAnswer, answer: Seen, ink: Ink): string[] => {
  const { reads } = ink
  const { verdict } = it
  const cluster = answer.cluster
  const steps = (names: readonly string[]): string => names.map(reads.titleOf).join(', ')
  return [
    ...chain(it, answer, ink),
    '',
    ...listed('affects', affects(it, answer, ink)),
    ...lines('owner', owner(it, answer)),
    ...lines('outcome', verdict.outcome === '' ? [] : [verdict.outcome]),
    ...lines('or', otherwise(it, answer, ink)),
    ...confidence(it, ink),
    ...lines('pending', verdict.pending.length > 0 ? [`${steps(verdict.pending)} may still come`] : []),
    ...lines('waiting', undecided(it)),
    ...lines('lost', holes(it, ink)),
    ...lines(
      'unseen',
      verdict.unseen.map(({ step, source, why }) => `${reads.titleOf(step)}: ${source} ${why}`),
    ),
    ...lines('before', before(it, ink)),
    ...listed('not this', notThis(it, ink)),
    ...lines(
      'evidence',
      it.evidence.map(({ event }) => cut(shortId(withoutCluster(cluster, event.id)), ROOM - LABEL)),
    ),
    ...lines(
      'look at',
      it.incident === null
        ? []
        : [
            `aitia incidents ${short(withoutCluster(cluster, it.incident.id))}${clusterOption(cluster, ink.ownCluster)}`,
          ],
    ),
  ]
}

const nearMisses = (answer: Seen, { reads, clock }: Ink): string[] =>
  lines(
    'closest',
    answer.nearMisses.map(({ occurrence, verdict, count }) => {
      const missing = (verdict?.missing ?? []).map((step) => `"${reads.titleOf(step)}"`).join(' and ')
      const often = count === 1 ? '' : `, the last of ${reads.many(count, 'time')}`
      return `${occurrence.pattern} ${reads.whenText(occurrence, clock.at)}${often}: ${missing} is missing, though its source was watching.`
    }),
  )

const SOURCES = 6

const notSeen = (answer: Seen, { clock, reads }: Ink): string[] => {
  const told = answer.notSeen.slice(0, SOURCES).map(({ collector, on, from, to, reason, kinds, lost }) => {
    if (reason === 'beyond-horizon')
      return `history before ${clock.at(to)} was removed: what happened then can't be ruled out.`
    if (reason === 'known-beyond-horizon')
      return `what was known at ${clock.at(answer.known)} was removed in part: it may have been told otherwise then.`
    if (reason === 'not-known-yet')
      return `what happened after ${clock.at(from)} was not known yet: it can't be ruled out.`
    const where = on === null ? collector : `${collector} on ${on}`
    if (reason === 'never-heard')
      return `${where}: no such collector ever reported, so nothing it would tell can be ruled out.`
    if (reason === null && from < answer.watchedFrom && to >= answer.at)
      return `${where} was last heard of at ${clock.at(from)}: what it would tell of the time since can't be ruled out.`
    const what = kinds === null ? '' : ` for ${kinds.map(reads.titleOf).join(', ')}`
    const did = lost === null ? 'was not watching' : `lost ${reads.many(lost, 'observation')}`
    const why = `${did}${what}${reason === null ? '' : ` (${reason})`}`
    const end = to >= answer.at ? 'the end' : clock.at(to)
    const begin = from <= answer.watchedFrom ? 'the begin' : clock.at(from)
    return `${where} ${why} from ${begin} to ${end}: what it would tell of that time can't be ruled out.`
  })
  const more = answer.notSeen.length - told.length
  return lines('not seen', more > 0 ? [...told, `and ${more} more: aitia why --json`] : told)
}

const symptomLines = ({ symptoms }: Seen, { clock }: Ink): string[] =>
  lines('symptoms', [
    ...symptoms.terminations
      .slice(-5)
      .map(
        (end) =>
          `${clock.at(end.at)} ${end.podName ?? '?'}/${end.containerName ?? '?'}: ${end.reason}, exit ${end.exitCode}`,
      ),
    ...symptoms.troubles.slice(-5).map(({ at, summary }) => `${clock.at(at)} ${summary}`),
  ])

/** The command that shows all that happened to it in the window, or from a minute before the first symptom on. */
const eventsOf = ({ subject, symptomsSince, from, cluster }: Seen, { reads, ownCluster }: Ink): string =>
  [
    `aitia events ${subject.kind.toLowerCase()}/${subject.name}${subject.namespace === null ? '' : ` -n ${subject.namespace}`}`,
    `--since ${reads.toRfc3339(symptomsSince === null ? from : symptomsSince - reads.MINUTE).replace(/\.\d+/, '')}`,
    ...(cluster === ownCluster ? [] : [`-c ${cluster}`]),
  ].join(' ')

const TONE = { incident: 'red', 'no-known-cause': 'yellow', healthy: 'green', 'not-found': 'yellow' } as const

/** The whole answer, without a newline at its end. */
export const renderWhy = (answer: Answer, ink: Ink): string => {
  const { reads, clock, colour } = ink
  const first = colour.bold(colour[TONE[answer.result]](wrap(reads.headline(answer, clock.zoned))))
  if (answer.result === 'not-found') return [first, ...timesAbsent(answer, ink)].join('\n')
  const head = [first, ...timesTaken(answer, ink)]
  const [latest, ...others] = answer.incidents
  const also = others.map((it) => {
    const what = it.incident?.title ?? it.occurrence.pattern
    const open = it.waiting === 0 ? '' : `, ${it.waiting} not decided yet`
    return `${what} ${reads.whenText(it.occurrence, clock.at)} (${reads.many(it.count, 'time')}${open}): ${it.occurrence.outcome}`
  })
  const rest = [
    ...(latest === undefined ? symptomLines(answer, ink) : incident(latest, answer, ink)),
    ...lines('also', also),
    ...nearMisses(answer, ink),
    ...notSeen(answer, ink),
    ...(answer.result === 'no-known-cause' ? lines('look at', [eventsOf(answer, ink)]) : []),
    ...(answer.cut
      ? lines('cut', [
          'it has more members, events of one, incidents, or endpoints than one answer looks at: the newest are told',
        ])
      : []),
  ]
  return [...head, ...(rest.length === 0 ? [] : ['', ...rest])].join('\n')
}
