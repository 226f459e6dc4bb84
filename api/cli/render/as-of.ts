/** Answers about any time as text: the first line is the answer, a table follows, and last what the answer can't vouch for. */
import type {
  AddressHolders,
  Change,
  Changes,
  Events,
  Ground,
  Link,
  OwnerChain,
  Reliance,
  Topology,
  WorkloadView,
} from '../../../queries/reads/main.ts'
import { columns, cut, labelled, ROOM, wrap } from './columns.ts'
import { timesTaken } from './taken.ts'
import type { Ink } from './why.ts'

type Named = Parameters<Ink['reads']['nameOf']>[0]

/** Width of a name within a table. */
const NAME = Math.floor(ROOM * 0.36)

const table = (head: readonly string[], rows: readonly (readonly string[])[], { colour }: Ink): string[] => {
  if (rows.length === 0) return []
  const [first, ...others] = columns([head, ...rows]).map((line) => cut(`  ${line}`, ROOM))
  return ['', colour.bold(first!), ...others]
}

/** Doubts that are told: a workload may have a source on each of its nodes. */
const DOUBTS = 8

const notSeen = ({ doubts }: Ground, { reads, clock }: Ink): string[] => {
  const told = doubts.slice(0, DOUBTS).map((doubt) => reads.doubtText(doubt, clock.at))
  return doubts.length > DOUBTS ? [...told, `and ${doubts.length - DOUBTS} more: --json`] : told
}

/** What the answer rests on: doubts, and that it is not all. */
const ground = (ground: Ground, isCut: boolean, more: string, ink: Ink): string[] => {
  const { clock, colour } = ink
  const told = [
    ...labelled('not seen', notSeen(ground, ink)).map((line) => colour.yellow(line)),
    ...labelled('history', ground.horizon === null ? [] : [`goes back to ${clock.at(ground.horizon)}`]),
    ...labelled('cut', isCut ? [more] : []),
  ]
  return told.length === 0 ? [] : ['', ...told]
}

const text = (first: string, { colour }: Ink, ...parts: readonly string[][]): string =>
  [colour.bold(wrap(first)), ...parts.flat()].join('\n')

/** With a word on what is only referred to. */
const shown = (object: Named, { reads }: Ink, width?: number): string => {
  const name = reads.nameOf(object)
  const standing = reads.standingOf(object)
  return `${width === undefined ? name : cut(name, width)}${standing && ` (${standing})`}`
}

const when = (at: number, { clock }: Ink): string => clock.zoned(at)
const window = ({ from, at }: Events['asking'], { clock }: Ink): string =>
  `from ${clock.at(from)} to ${clock.zoned(at)}`
const sinceOf = ({ from, uncertainty }: Pick<Link, 'from' | 'uncertainty'>, { clock, reads }: Ink): string =>
  `${clock.at(from)}${uncertainty > 0 ? ` (-${reads.span(uncertainty)})` : ''}`
const listOf = (properties: Link['properties']): string =>
  Object.entries(properties)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ')

const LARGER = 'there is more: ask for a greater --first or --depth'

/** The relations that lead from one object, below its name. */
export const renderTopology = (found: Topology, asked: string, ink: Ink): string => {
  const { reads } = ink
  const byKey = new Map(found.nodes.map((node) => [node.key, node]))
  const name = (key: string): string => shown(byKey.get(key)!, ink)
  const rows = found.edges.map((link) => ['', link.kind, name(link.toKey), sinceOf(link, ink), listOf(link.properties)])
  const lines = columns(rows).map((line) => cut(`  ${line}`, ROOM))
  const from = Map.groupBy(found.edges.keys(), (index) => found.edges[index]!.fromKey)
  const joined = new Set(found.edges.flatMap(({ fromKey, toKey }) => [fromKey, toKey]))
  const alone = found.nodes.filter(({ key }) => !joined.has(key)).map((node) => shown(node, ink))
  return text(
    `${asked} at ${when(found.ground.at, ink)}: ${reads.many(found.nodes.length, 'object')}, ${reads.many(found.edges.length, 'relation')}.`,
    ink,
    timesTaken(found.ground, ink),
    [...from].flatMap(([key, of]) => ['', `  ${name(key)}`, ...of.map((index) => lines[index]!)]),
    alone.length === 0 ? [] : ['', ...labelled('alone', alone)],
    ground(found.ground, found.cut, LARGER, ink),
  )
}

export const renderOwners = ({ subject, owners, ground: rests }: OwnerChain, ink: Ink): string => {
  const { nameOf } = ink.reads
  const name = nameOf(subject.object)
  const at = when(rests.at, ink)
  const first =
    owners.length === 0 ? `${name} had no owner at ${at}.` : `${name} belonged to ${nameOf(owners.at(-1)!)} at ${at}.`
  const rows = [subject.object, ...owners].map((object, index) => [`${'  '.repeat(index)}${nameOf(object)}`])
  return text(
    first,
    ink,
    timesTaken(rests, ink),
    owners.length === 0 ? [] : table(['CHAIN'], rows, ink),
    ground(rests, false, '', ink),
  )
}

export const renderReliance = (answer: Reliance, direction: 'dependencies' | 'dependents', ink: Ink): string => {
  const { reads } = ink
  const { subject, found, ground: rests } = answer
  const names = new Map([subject.object, ...found.map(({ object }) => object)].map((it) => [it.key, it.name ?? '?']))
  const rows = found.map(({ object, path }) => {
    const last = path.at(-1)!
    // The far end of each hop but the last: the one that was not met before.
    let here = subject.object.key
    const between = path.slice(0, -1).map(({ fromKey, toKey }) => {
      here = fromKey === here ? toKey : fromKey
      return names.get(here) ?? here.slice(subject.cluster.length + 1)
    })
    return [shown(object, ink, NAME), last.kind, sinceOf(last, ink), between.join(' > ')]
  })
  const name = reads.nameOf(subject.object)
  const at = when(rests.at, ink)
  const first =
    direction === 'dependencies'
      ? `${name} relied on ${reads.many(found.length, 'object')} at ${at}.`
      : `${reads.many(found.length, 'object')} relied on ${name} at ${at}.`
  return text(
    first,
    ink,
    timesTaken(rests, ink),
    table(['OBJECT', 'BY', 'SINCE', 'THROUGH'], rows, ink),
    ground(rests, answer.cut, LARGER, ink),
  )
}

export const renderHolders = ({ ip, result, holders, ground: rests }: AddressHolders, ink: Ink): string => {
  const { reads, clock } = ink
  const at = when(rests.at, ink)
  const one = holders[0]
  const first =
    result === 'ambiguous'
      ? `${ip} is ambiguous at ${at}: ${holders.length} objects claim it.`
      : one === undefined
        ? `Nobody is known to have held ${ip} at ${at}.`
        : `${ip} ${one.certain ? 'was' : 'may have been'} held by ${reads.nameOf(one.object)} at ${at}.`
  const rows = holders.map(({ object, owners, from, to, uncertainty, certain }) => [
    cut(reads.nameOf(object), NAME),
    clock.at(from),
    to === reads.OPEN ? 'now' : clock.at(to),
    owners.length === 0 ? '' : reads.nameOf(owners.at(-1)!),
    uncertainty === 0 ? '' : `${certain ? 'may have begun' : 'began'} up to ${reads.span(uncertainty)} earlier`,
  ])
  return text(
    first,
    ink,
    timesTaken(rests, ink),
    table(['HOLDER', 'SINCE', 'UNTIL', 'OWNER', ''], rows, ink),
    ground(rests, false, '', ink),
  )
}

const spelled = (value: unknown): string => (value === null ? 'none' : String(value))

const changeText = (change: Change, ink: Ink): string => {
  const { reads } = ink
  switch (change.what) {
    case 'appeared':
    case 'deleted':
      return change.what
    case 'event':
      return `${reads.titleOf(change.event.kind)}: ${reads.summaryOf(change.event)}`
    case 'began':
    case 'ended':
      return change.link.toKey === change.object.key
        ? `${change.what} ${shown(change.other, ink)} ${change.link.kind} it`
        : `${change.what} ${change.link.kind} ${shown(change.other, ink)}`
    case 'field':
    case 'property': {
      const on = change.what === 'property' ? `${change.link.kind} ${reads.nameOf(change.other)}: ` : ''
      const { field, old, new: now } = change
      if (!Array.isArray(old) || !Array.isArray(now)) return `${on}${field} ${spelled(old)} -> ${spelled(now)}`
      return `${on}${field} ${[...old.map((it) => `-${it}`), ...now.map((it) => `+${it}`)].join(' ') || 'in another order'}`
    }
  }
}

/** Where a state tells of it, that may have been earlier; an event may have been later. */
const changeStamp = ({ what, at, uncertainty }: Change, { clock, reads }: Ink): string =>
  what === 'event' || uncertainty <= reads.SECOND
    ? clock.stamped(at, uncertainty)
    : clock.stamped(at - uncertainty, uncertainty)

export const renderChanges = (found: Changes, ink: Ink): string => {
  const { reads } = ink
  const { asking, objects, changes } = found
  const rows = changes.map((change) => [
    changeStamp(change, ink),
    cut(reads.nameOf(change.object), NAME),
    changeText(change, ink),
  ])
  return text(
    `${objects.map(reads.nameOf)[0]}: ${reads.many(changes.length, 'change')} ${window(asking, ink)}.`,
    ink,
    timesTaken(asking, ink),
    table(['AT', 'OBJECT', 'CHANGE'], rows, ink),
    ground(
      found.ground,
      found.cut,
      'there are more, older or of more objects: ask for a shorter time or a greater --first',
      ink,
    ),
  )
}

const eventRows = (events: Events['events'], { reads, clock }: Ink): string[][] =>
  events.map((event) => [
    clock.stamped(event.at, event.uncertainty),
    reads.titleOf(event.kind),
    cut(event.podName ?? event.containerName ?? '', NAME),
    event.source.split('@')[0]!,
    reads.summaryOf(event),
  ])
const EVENT_HEAD = ['AT', 'EVENT', 'POD', 'FROM', '']

export const renderEvents = (found: Events, ink: Ink): string =>
  text(
    `${ink.reads.nameOf(found.objects[0]!)}: ${ink.reads.many(found.events.length, 'event')} ${window(found.asking, ink)}.`,
    ink,
    timesTaken(found.asking, ink),
    table(EVENT_HEAD, eventRows(found.events, ink), ink),
    ground(found.ground, found.cut, 'there are older ones: ask for a greater --first', ink),
  )

const readiness = (
  { state, object }: { state: WorkloadView['subject']['state']; object: Named },
  { reads }: Ink,
): string => {
  const standing = reads.standingOf(object)
  if (state === null) return standing === '' ? 'not seen' : `only referred to, ${standing}`
  const { replicas, readyReplicas, phase, ready } = state.body
  if (replicas !== undefined)
    return readyReplicas === undefined ? `${replicas} wanted` : `${readyReplicas} of ${replicas} ready`
  if (phase === undefined) return ''
  return `${phase}${ready === undefined ? '' : ready ? ', ready' : ', not ready'}`
}

export const renderWorkload = (view: WorkloadView, ink: Ink): string => {
  const { reads } = ink
  const { subject, owners, pods, services, events } = view
  const state = readiness(subject, ink)
  const rows = pods.map((pod) => [
    cut(pod.object.name ?? '?', NAME),
    readiness(pod, ink),
    pod.node?.name ?? 'no node',
    pod.containers
      .map(({ name, role }) => `${name ?? '?'}${role === null || role === 'main' ? '' : ` (${role})`}`)
      .join(', '),
  ])
  return text(
    `${reads.nameOf(subject.object)} at ${when(view.ground.at, ink)}${state === '' ? '' : `: ${state}`}.`,
    ink,
    timesTaken(view.ground, ink),
    owners.length === 0 ? [] : ['', ...labelled('owners', [owners.map(reads.nameOf).join(' > ')])],
    table(['POD', 'STATE', 'NODE', 'CONTAINERS'], rows, ink),
    table(
      ['SERVICE', 'ENDPOINTS'],
      services.map((it) => [reads.nameOf(it.object), `${it.ready} of ${it.endpoints} ready`]),
      ink,
    ),
    table(EVENT_HEAD, eventRows(events.slice(-20), ink), ink),
    ground(view.ground, view.cut || events.length > 20, 'there is more: aitia workload --json, aitia events', ink),
  )
}
