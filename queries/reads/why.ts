/** The answer to "why is this workload broken?", with all that it rests on and all that it can't tell. */
import { now, SECOND, toRfc3339 } from '../../graph/model/time.ts'
import { family, isCut, keysOf, type Member, type Window } from './family.ts'
import { type Found, find } from './find.ts'
import { type Group, groupsTouching, lastBefore } from './groups.ts'
import { type Horizon, horizonOf } from './horizon.ts'
import { type Impact, impact, type Replicas, replicasOf } from './impact.ts'
import type { Incident } from './incidents.ts'
import { kindNamed } from './kinds.ts'
import { type OccurrenceDetail, occurrenceDetails, type Verdict } from './occurrences.ts'
import { InvalidRequest, type Reader, statement } from './read.ts'
import { type Rivals, rivals, sinceHorizon } from './rivals.ts'
import { type Source, sourcesNamed } from './sources.ts'
import { firstSeen, states } from './states.ts'
import { kindOf } from './stored.ts'
import { type Asking, type AsOfQuestion, LOOK_BACK, type NotThere, notThere, settle } from './subject.ts'
import { firstSymptom, type Symptoms, symptoms } from './symptoms.ts'
import { statesUnbrokenSince, unbrokenSince } from './unbroken.ts'
import { expected, hostNames, removed, type Unwatched, watch } from './watching.ts'

const EARLIER = statement('earlier')

/** How far back "ready for" is followed, µs. */
const READY_BACK = 14 * LOOK_BACK
/** Incidents that one answer tells of in full, and as many causes that have none yet. */
const INCIDENTS = 5

export interface Question extends AsOfQuestion {
  /** Begin of the window that is looked at, µs. */
  readonly since?: number
}

export interface Subject {
  readonly key: string
  readonly kind: string
  readonly name: string
  readonly namespace: string | null
  readonly replicas: Replicas | null
  /** Since when all wanted replicas are ready without a break; null where they are not, or it is not known. */
  readonly readySince: number | null
  /** True where it was ready all the time that is looked at and was watched, so that `readySince` is only a bound. */
  readonly readyLonger: boolean
}

/** The latest occurrence of one cause on one container of a workload within the window. */
export interface IncidentAnswer extends OccurrenceDetail {
  /** As it is by now. Null while all its occurrences wait for the owner chain or for what is late. */
  readonly incident: Incident | null
  readonly verdict: Verdict
  /** Occurrences within the window. */
  readonly count: number
  /** Those of them that wait for steps that decide. */
  readonly waiting: number
  /** The incident's occurrences before this one. */
  readonly before: { readonly count: number; readonly since: number | null }
  readonly impact: readonly Impact[]
  /** What did not cause it, and since when the limit that it hit is as it is. */
  readonly rivals: Rivals
}

/** The latest of the near misses of one cause within the window. */
export interface NearMiss extends OccurrenceDetail {
  readonly count: number
}

interface WhyAsking extends Asking {
  readonly from: number
}

export type Answer =
  | (NotThere & WhyAsking)
  | (WhyAsking & {
      readonly result: 'incident' | 'no-known-cause' | 'healthy'
      readonly subject: Subject
      /** The latest first. */
      readonly incidents: readonly IncidentAnswer[]
      /** Chains that lack a step: the closest to a cause. */
      readonly nearMisses: readonly NearMiss[]
      readonly symptoms: Symptoms
      readonly symptomsSince: number | null
      /** From when on something was watched and is still remembered, within the window. */
      readonly watchedFrom: number
      readonly notSeen: readonly Unwatched[]
      /** What happened later is not told yet, as sources lag a little; null where that is not worth a word. */
      readonly toldUpTo: number | null
      /** Time of the last occurrence of an incident before the window, or null. */
      readonly lastBefore: number | null
      /** From when on no source missed anything, as far as is known, up to the begin of the window, µs. */
      readonly unbrokenSince: number
      /** Names of the nodes whose hosts the events tell of, by the host's key. */
      readonly hosts: Readonly<Record<string, string>>
      /** True where there are more members, events of one, incidents, or endpoints than one answer looks at. */
      readonly cut: boolean
    })

/** Kinds that have a life of their own to explain; what befalls a node shows in the workloads on it. */
const EXPLAINED = new Set<string>(['Workload', 'Pod', 'Service'])

const subjectOf = async (reader: Reader, { object, state }: Found, { at, known }: WhyAsking): Promise<Subject> => {
  const replicas = replicasOf(state)
  const ready = replicas !== null && replicas.ready >= replicas.wanted
  const told = ready
    ? ((await states(reader, [object.key], { from: at - READY_BACK, to: at, known })).get(object.key) ?? [])
    : []
  const broken = told.findLastIndex((it) => {
    const then = replicasOf(it)
    return then === null || then.ready < then.wanted
  })
  return {
    key: object.key,
    kind: kindOf(object),
    name: object.name ?? object.key,
    namespace: object.namespace ?? null,
    replicas,
    readySince: told[broken + 1]?.at ?? null,
    readyLonger: broken === -1,
  }
}

/** The same, where its states may have been missed before `unbroken`, µs; null where nobody told of them. */
const readyFrom = (subject: Subject, unbroken: number | null, at: number): Subject => {
  const { readySince } = subject
  if (readySince === null || (unbroken !== null && readySince >= unbroken)) return subject
  return { ...subject, readySince: unbroken === null || unbroken >= at ? null : unbroken, readyLonger: true }
}

/** The latest of those that have an incident and of those that have none yet: what just happened must not hide what is known. */
const toldOf = (groups: readonly Group[]): { told: Group[]; cut: boolean } => {
  const lists = [
    groups.filter(({ result, incident }) => result === 'incident' && incident !== null),
    groups.filter(({ result, incident }) => result === 'incident' && incident === null),
    groups.filter(({ result }) => result === 'near-miss'),
  ]
  return {
    told: lists.flatMap((list) => list.slice(0, INCIDENTS)).sort((a, b) => b.at - a.at),
    cut: lists.some((list) => list.length > INCIDENTS),
  }
}

const incidentAnswers = async (reader: Reader, groups: readonly Group[], { cluster, at, known }: WhyAsking) => {
  const details = await occurrenceDetails(
    reader,
    groups.map(({ id }) => id),
    known,
  )
  const told = groups.flatMap((group) => {
    const detail = details.get(group.id)
    return detail?.verdict ? [{ group, detail, verdict: detail.verdict }] : []
  })
  return {
    nearMisses: told
      .filter(({ group }) => group.result === 'near-miss')
      .map(({ group, detail }): NearMiss => ({ ...detail, count: group.count })),
    incidents: await Promise.all(
      told
        .filter(({ group }) => group.result === 'incident')
        .map(async ({ group: { incident, count, waiting }, detail, verdict }): Promise<IncidentAnswer> => {
          const { at: happened, until } = detail.occurrence
          const [earlier, hit, besides] = await Promise.all([
            incident === null
              ? []
              : reader.read<{ count: number; since: number | null }>(EARLIER, {
                  ...{ incident: incident.id, at: happened, known },
                }),
            impact(reader, detail.affected, { at: happened, until, asked: at, known }),
            rivals(reader, cluster, detail, known),
          ])
          const before = earlier[0] ?? { count: 0, since: null }
          return { ...detail, verdict, incident, count, waiting, before, impact: hit, rivals: besides }
        }),
    ),
  }
}

/** Since when the object may have been there, within the window, µs: of one that was there at the horizon nobody knows any more. */
const thereFrom = (first: number | undefined, { at: kept }: Horizon, { from, at }: WhyAsking): number =>
  first === undefined || (kept !== null && first <= kept) ? from : Math.min(at, Math.max(from, first))

/** From when on the sources had to watch: not before anything was watched at all, nor before what is still remembered. */
const watchFrom = (there: number, heard: readonly Source[], horizon: Horizon, { at }: WhyAsking): number => {
  const began = heard.flatMap((source) => source.sessions.map((session) => session.from))
  return Math.min(at, Math.max(there, began.length === 0 ? there : Math.min(...began), horizon.at ?? there))
}

/** Of what is left out nothing was told since, though its source was watching all else. */
const leftOutOf = ({ state }: Found, { from, to }: Pick<Window, 'from' | 'to'>): Unwatched[] =>
  state?.leftOut
    ? [
        {
          ...{
            source: state.source,
            collector: state.source.split('@')[0]!,
            on: null,
            from: Math.max(from, state.at),
            to,
          },
          ...{ reason: 'it is left out of what is watched', kinds: null, lost: null },
        },
      ]
    : []

const lookAt = async (reader: Reader, asking: WhyAsking, found: Found, clock: number): Promise<Answer> => {
  const { cluster, at, known } = asking
  const window: Window = { from: asking.from, to: at, known }
  const members: Member[] = await family(reader, found.object.key, window)
  const keys = [...new Set([found.object.key, ...keysOf(members)])]
  const wanted = expected(cluster, members)
  const [subject, touching, wrong, heard, before] = await Promise.all([
    subjectOf(reader, found, asking),
    groupsTouching(reader, keys, { ...window, to: at + 1 }),
    symptoms(reader, members, window),
    sourcesNamed(
      reader,
      cluster,
      wanted.map(({ source }) => source),
      window,
    ),
    lastBefore(reader, keys, { to: window.from, known }),
  ])
  const teller = heard.find(({ source }) => source === found.state?.source)
  const [unbroken, statesUnbroken] = await Promise.all([
    unbrokenSince(reader, cluster, wanted, heard, { to: window.from, known }),
    teller === undefined ? null : statesUnbrokenSince(reader, cluster, teller, window),
  ])
  const { told, cut } = toldOf(touching.groups)
  const { incidents, nearMisses } = await incidentAnswers(reader, told, asking)
  // After all else: a sweep that is under way raises it first and removes then.
  const first = await firstSeen(reader, [found.object.key])
  const horizon = await horizonOf(reader, cluster)
  const there = thereFrom(first.get(found.object.key), horizon, asking)
  const watchedFrom = watchFrom(there, heard, horizon, asking)
  const since = firstSymptom(wrong)
  const short = subject.replicas !== null && subject.replicas.ready < subject.replicas.wanted
  const watched = watch(wanted, heard, { ...window, from: watchedFrom }, clock)
  const broken = since !== null || short || wrong.unreadyPods.length > 0
  return {
    ...asking,
    result: incidents.length > 0 ? 'incident' : broken || nearMisses.length > 0 ? 'no-known-cause' : 'healthy',
    subject: readyFrom(subject, statesUnbroken && Math.max(statesUnbroken, horizon.at ?? 0), at),
    incidents: incidents.map((it) => ({
      ...it,
      rivals: sinceHorizon(it.rivals, { at: it.occurrence.at, known }, horizon),
    })),
    nearMisses,
    symptoms: wrong,
    symptomsSince: since,
    watchedFrom,
    ...watched,
    notSeen: [
      ...removed(horizon, { from: there, to: at, known }),
      ...leftOutOf(found, { from: watchedFrom, to: at }),
      ...watched.notSeen,
    ],
    lastBefore: before,
    unbrokenSince: Math.max(unbroken, horizon.at ?? 0),
    hosts: Object.fromEntries(hostNames(cluster, members)),
    cut: isCut(members) || wrong.cut || touching.cut || cut || incidents.some((it) => it.impact.some((hit) => hit.cut)),
  }
}

/** What has not happened yet has no cause, and a window that ends before it begins holds nothing to be calm about. */
const refuseTimes = ({ at, since }: Question, end: number, clock: number): void => {
  if (at !== undefined && at > clock + SECOND)
    throw new InvalidRequest(`at: got ${toRfc3339(at)}, expected a time up to now (${toRfc3339(clock)})`)
  if (since !== undefined && since >= end)
    throw new InvalidRequest(`since: got ${toRfc3339(since)}, expected a time before ${toRfc3339(end)}`)
}

/** Answers a question about one object: incidents, near misses, what was not seen, or that nothing is wrong. `clock` tells a source that lags from one that is gone. Throws InvalidRequest for a kind that has no answer, for a time to come, for a window without length, and for a `known` that is too late. */
export const why = async (reader: Reader, question: Question, clock: number = now()): Promise<Answer> => {
  const { cluster, kind, name, namespace } = question
  if (!EXPLAINED.has(kindNamed(kind).label))
    throw new InvalidRequest(`got the kind ${kind}, expected a workload (such as deployment), pod or service`)
  const times = await settle(reader, question)
  refuseTimes(question, times.at, clock)
  const asking: WhyAsking = {
    cluster,
    asked: { kind, name, namespace },
    ...times,
    from: question.since ?? times.at - LOOK_BACK,
  }
  const [found] = await find(reader, cluster, asking.asked, asking)
  if (found === undefined || found.state?.deleted === true)
    return { ...(await notThere(reader, asking, found)), from: asking.from }
  const answer = await lookAt(reader, asking, found, clock)
  if (answer.result !== 'healthy' || found.state !== null) return answer
  // Nobody has seen it by then: only what was seen earlier by somebody else (the kernel) is told of it.
  const absent = await notThere(reader, asking, found)
  return absent.firstSeenAt === null ? answer : { ...absent, from: asking.from }
}
