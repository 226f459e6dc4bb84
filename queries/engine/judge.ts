/** From a pattern's rows and the facts about watching to a verdict. Pure: the same facts give the same verdict. */
import { COLLECTORS } from '../../graph/model/generated/registry.ts'
import type { CollectorName, EventName } from '../../graph/model/generated/types.ts'
import { sourceOf } from '../../graph/model/observation.ts'
import type { Hole, Interval, Watching } from '../reads/coverage.ts'
import { choose } from './choose.ts'
import { type CAPS, confidenceOf, type Witness } from './confidence.ts'
import { joinOf } from './joins.ts'
import type {
  Affected,
  Alternative,
  Content,
  EventNode,
  Hop,
  Judgement,
  OfPod,
  Ownership,
  Status,
  Unseen,
} from './judgement.ts'
import { isKubelets, isOfPodStatus, kindOf, type Pattern, SILENCE_TOLD, type Step, spanOf } from './pattern.ts'
import type { Place, Silence } from './places.ts'
import { bootLag, orderKnown, precedes } from './stamps.ts'
import type { Unwatched } from './unwatched.ts'

/** What is known beside the pattern's rows. */
export interface Facts {
  readonly watching: Watching
  readonly ownershipOf: (alternative: Alternative, settled: boolean) => Ownership
  readonly containerOf: (anchor: EventNode) => OfPod
  readonly placeOf: (anchor: EventNode) => Place
  /** Restart counts around the anchor leave a run out: kinds that carry them told less than there was. */
  readonly restartsJumped: boolean
  readonly unwatchedOf: (anchor: EventNode) => Unwatched
}

/** One step of one anchor: found, or where to look for it. */
interface Looked {
  readonly step: Step
  readonly event: EventNode | undefined
  readonly required: boolean
  readonly source: string
  readonly span: Interval
  /** The source's watermark that closes the step. */
  readonly until: number
  readonly settled: boolean
  readonly blindness: string | null
}

const fits = (event: EventNode, values: Readonly<Record<string, unknown>> = {}): boolean =>
  Object.entries(values).every(([field, value]) => event[field] === value)

const isRequired = (step: Step, anchor: EventNode, found: Alternative['found']): boolean =>
  step.required ||
  (step.requiredWhen?.anchor !== undefined && fits(anchor, step.requiredWhen.anchor)) ||
  (step.requiredWhen?.present ?? []).some((event) => found.has(event))

const collectorOf = (source: string): string => source.split('@')[0] as string

/**
 * The source that would have told of a step at the anchor's place: the cluster's, or that of the host. An anchor that
 * Kubernetes told has none of its own: then a step that was found, or its pod, says on which host it was.
 */
const sourceFor = (collector: CollectorName, { anchor, found }: Alternative, place: Place): string => {
  if (COLLECTORS[collector].scope === 'cluster') return sourceOf(collector)
  const host = anchor.host ?? [...found.values()].find((event) => event.host !== undefined)?.host ?? place.host
  return host === undefined ? collector : sourceOf(collector, host)
}

const SILENT: Readonly<Record<Silence['condition'], string>> = {
  Ready: 'the node was not Ready',
  Lease: 'the node did not renew its Lease',
}

const look = (pattern: Pattern, alternative: Alternative, facts: Facts, step: Step): Looked => {
  const { anchor, found } = alternative
  const place = facts.placeOf(anchor)
  const kind = kindOf(step.event)
  const source =
    collectorOf(anchor.source) === kind.collector ? anchor.source : sourceFor(kind.collector, alternative, place)
  const end = anchor.at + anchor.uncertainty
  const span = spanOf(step, anchor)
  const until = end + pattern.window + pattern.lateness + kind.delay
  const required = isRequired(step, anchor, found)
  const unproven = required && kind.bestEffort ? 'is told at best effort' : null
  const silence = place.silent.find((each) => each.from <= span.to && each.to >= span.from)
  const silent =
    isKubelets(kind) && silence !== undefined ? `had nothing from the kubelet: ${SILENT[silence.condition]}` : null
  const { leftOut, goneFrom } = facts.unwatchedOf(anchor)
  const unwatched = leftOut && COLLECTORS[kind.collector].scope === 'cluster' ? 'does not watch the pod' : null
  const gone = isOfPodStatus(kind) && goneFrom !== null && goneFrom <= span.to ? 'saw the pod removed first' : null
  const jumped = facts.restartsJumped && 'restartCount' in kind.fields ? 'told of a later restart only' : null
  return {
    step,
    event: step.event === pattern.anchor ? anchor : found.get(step.event),
    required,
    source,
    span,
    until,
    settled: facts.watching.settled(source, until),
    blindness: facts.watching.blindness(source, step.event, span) ?? unwatched ?? gone ?? silent ?? jumped ?? unproven,
  }
}

/** From the one that comes first in the pattern to the other, by the key that joins the step. */
const hopOf = ({ join = 'container' }: Step, from: EventNode, to: EventNode): Hop => {
  const { property, worth } = joinOf(join)
  return {
    from: from.kind,
    to: to.kind,
    fromId: from.id,
    toId: to.id,
    joinKey: join,
    joinValue: property === undefined ? null : (to[property] as string),
    resolver: [...new Set([collectorOf(from.source), collectorOf(to.source)])].join(' = '),
    lag: bootLag(from, to) ?? to.at - from.at,
    lagUncertainty: from.uncertainty + to.uncertainty,
    confidence: worth,
  }
}

/** One hop for each step that was found: to what its join joins it to, and to nothing else. */
const hopsOf = (pattern: Pattern, found: Alternative['found']): Hop[] => {
  const placeOf = (event: EventName) => pattern.steps.findIndex((step) => step.event === event)
  return pattern.steps.flatMap((step) => {
    const event = found.get(step.event)
    if (event === undefined || step.event === pattern.anchor) return []
    const other = found.get(step.from ?? pattern.anchor) ?? (found.get(pattern.anchor) as EventNode)
    return [placeOf(step.event) < placeOf(other.kind) ? hopOf(step, event, other) : hopOf(step, other, event)]
  })
}

/** Steps in their order, without those that would be effects before their cause. */
const foundOf = (pattern: Pattern, alternative: Alternative): Alternative => {
  const at = pattern.steps.findIndex((step) => step.event === pattern.anchor)
  const inOrder = pattern.steps.flatMap((step, index): [EventName, EventNode][] => {
    const event = index === at ? alternative.anchor : alternative.found.get(step.event)
    if (event === undefined) return []
    const kept = index < at ? precedes(event, alternative.anchor) : precedes(alternative.anchor, event)
    return kept ? [[step.event, event]] : []
  })
  return { ...alternative, found: new Map(inOrder) }
}

/** Known gaps and losses between the anchor and what was found, and where something was looked for in vain. */
const lossesOf = (watching: Watching, anchor: EventNode, looked: readonly Looked[]): Hole[] => {
  const holes = looked.flatMap(({ step, event, source, span }) => {
    const at = event?.at ?? anchor.at
    return watching.holes(
      source,
      step.event,
      event === undefined ? span : { from: Math.min(at, anchor.at), to: Math.max(at, anchor.at) },
    )
  })
  return [...new Map(holes.map((hole) => [hole.id, hole])).values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

const witnessesOf = (looked: readonly Looked[]): Witness[] =>
  looked.flatMap(({ step, event }) =>
    event === undefined || step.join === undefined
      ? []
      : [
          {
            step: step.event,
            link: step.witnessOf ?? step.event,
            origin: kindOf(step.event).origin,
            worth: joinOf(step.join).worth,
          },
        ],
  )

const causeOf = (pattern: Pattern, anchor: EventNode): string =>
  pattern.cause.find((cause) => fits(anchor, cause.when))?.is as string

/** The rule of an outcome that rests on the absence of steps. */
const absenceOf = (pattern: Pattern, outcome: string) =>
  pattern.absence.find((each) => outcome.startsWith(each.outcome))

/**
 * A kubelet that is dead looks at first like one that has nothing to tell. So nothing negative is said on its word before its
 * silence would have been told by a source that watched for it. What was found does not wait for that, nor what another source
 * vouches for.
 */
const withPatience = (pattern: Pattern, outcome: string, watching: Watching, looked: readonly Looked[]): Looked[] => {
  const isOf = (each: Looked): boolean => isKubelets(kindOf(each.step.event))
  const doubtful = looked.filter((each) => each.event === undefined && each.blindness === null)
  const rests = doubtful.filter((each) => absenceOf(pattern, outcome)?.of.includes(each.step.event))
  const needed = rests.every(isOf) ? rests : []
  return looked.map((each) => {
    if (!doubtful.includes(each) || !isOf(each) || !(each.required || needed.includes(each))) return each
    const until = each.until + SILENCE_TOLD
    const span = { from: each.span.from, to: each.span.to + SILENCE_TOLD }
    return {
      ...each,
      until,
      settled: watching.settled(each.source, until),
      blindness: watching.blindness(each.source, 'node-condition-changed', span),
    }
  })
}

/** An outcome that rests on absence is said only if one of the sources that would have told was watching. */
const outcomeOf = (
  pattern: Pattern,
  outcome: string,
  looked: readonly Looked[],
): { outcome: string; rests: boolean } => {
  const rule = absenceOf(pattern, outcome)
  if (rule === undefined) return { outcome, rests: false }
  const absent = looked.filter((each) => rule.of.includes(each.step.event))
  const open = absent.some((each) => !each.settled)
  if (open || absent.some((each) => each.blindness === null)) return { outcome, rests: open }
  return { outcome: rule.otherwise + outcome.slice(rule.outcome.length), rests: false }
}

/** What an outcome adds where the container is not a main one; nothing where it is about no container. An event of it may tell its role too. */
const roleText = ({ role: known }: OfPod, { objectKey }: EventNode, events: readonly EventNode[]): string => {
  const role = known === null ? (events.find((each) => each.objectKey === objectKey && each.role)?.role ?? null) : known
  if (role === undefined || role === 'main') return ''
  return role === null ? ' (container role unknown)' : ` (${role} container)`
}

const statusOf = (looked: readonly Looked[], rests: boolean, ownership: Ownership): Status => {
  if (looked.every((each) => each.settled)) return 'final'
  const lacking = looked.some((each) => each.required && each.event === undefined)
  return lacking || rests || !ownership.whole ? 'waiting' : 'provisional'
}

/** A workload that only the context knows is affected too; what the chain ended at is then one of the owners below it. */
const affectedWith = (affected: readonly Affected[], { resolver, workload }: Ownership): readonly Affected[] =>
  resolver !== 'K8sContext' || workload === null || affected.some(({ key }) => key === workload.key)
    ? affected
    : [
        ...affected.map((each) => (each.role === 'workload' ? { ...each, role: 'owner' } : each)),
        { ...workload, role: 'workload' },
      ]

const judgeOne = (pattern: Pattern, given: Alternative, alternatives: number, facts: Facts): Judgement => {
  const alternative = foundOf(pattern, given)
  const { anchor, found } = alternative
  const seen = pattern.steps.map((step) => look(pattern, alternative, facts, step))
  const looked = withPatience(pattern, given.outcome, facts.watching, seen)
  const absent = looked.filter((each) => each.event === undefined)
  const missing = absent.filter((each) => each.required && each.settled && each.blindness === null)
  const unseen = absent.flatMap(({ step, source, settled, blindness }): Unseen[] =>
    settled && blindness !== null ? [{ step: step.event, source, why: blindness }] : [],
  )
  const ownership = facts.ownershipOf(
    alternative,
    looked.every((each) => each.settled),
  )
  const { outcome, rests } = outcomeOf(pattern, given.outcome, looked)
  const status = statusOf(looked, rests, ownership)
  const ofPod = facts.containerOf(anchor)
  const events = [...found.values()]
  const hops = hopsOf(pattern, found)
  const losses = lossesOf(facts.watching, anchor, looked)

  const why: (keyof typeof CAPS)[] = []
  if (unseen.some(({ step }) => looked.some((each) => each.step.event === step && each.required))) why.push('unseen')
  const pairs = hops.map((hop) => ({ hop, from: found.get(hop.from) as EventNode, to: found.get(hop.to) as EventNode }))
  if (pairs.some(({ hop, from, to }) => hop.confidence < 1 && !orderKnown(from, to))) why.push('orderUnknown')
  if (losses.length > 0) why.push('loss')
  const links = new Set(looked.filter((each) => each.required).map(({ step }) => step.witnessOf ?? step.event))
  const { confidence, parts } = confidenceOf(pattern.confidence, witnessesOf(looked), links, alternatives, why)

  const content: Content = {
    status,
    result: status === 'final' && missing.length > 0 ? 'near-miss' : 'incident',
    outcome: outcome + roleText(ofPod, anchor, events),
    cause: causeOf(pattern, anchor),
    confidence,
    parts,
    hops,
    evidence: events.map(({ kind, id }) => ({ step: kind, id })),
    missing: missing.map(({ step }) => step.event),
    unseen,
    pending: absent.filter((each) => !each.settled).map(({ step }) => step.event),
    losses,
    affected: affectedWith(alternative.affected, ownership),
    ownership,
    container: ofPod.container,
    alternatives: [],
  }
  return {
    anchor,
    content,
    awaits: looked.filter((each) => !each.settled).map(({ source, until }) => ({ source, until })),
  }
}

/** The best of an anchor's alternatives. */
export const judge = (pattern: Pattern, alternatives: readonly Alternative[], facts: Facts): Judgement =>
  choose(alternatives.map((alternative) => judgeOne(pattern, alternative, alternatives.length, facts)))
