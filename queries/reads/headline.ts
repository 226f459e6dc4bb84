/** An answer in one sentence: the first line that a reader sees, whatever the way in. */
import { AFTERMATH, type Impact } from './impact.ts'
import { notThereText } from './subject.ts'
import { many, span } from './units.ts'
import { type Stamp, whenText } from './when.ts'
import type { Answer, IncidentAnswer } from './why.ts'
import { befellOf } from './words.ts'

type Time = (micros: number) => string
type Seen = Exclude<Answer, { result: 'not-found' }>

/** Of what an occurrence hit, the thing that was asked about, else the top owner. */
export const mainImpact = ({ impact }: IncidentAnswer, subjectKey: string): Impact | null =>
  impact.find((it) => it.key === subjectKey) ?? impact.find((it) => it.role === 'workload') ?? null

/** True while a loss that the occurrence brought about may still come, or is not told yet. */
export const mayStillLose = ({ at, toldUpTo }: Seen, { until }: Stamp): boolean =>
  Math.min(at, toldUpTo ?? at) < until + AFTERMATH

/** `lost 1 of 3 replicas at 14:02:10`. That none was lost is said only once it can't come any more. */
const loss = (hit: Impact | null, answer: Seen, happened: Stamp, time: Time): string => {
  const when = whenText(happened, time)
  const things = hit?.kind === 'Service' ? 'endpoint' : 'replica'
  if (hit === null || hit.before === null || hit.lost === null) return `was hit ${when}`
  if (hit.lost > 0) return `lost ${hit.lost} of ${many(hit.before, things)} ${when}`
  const kept = many(hit.before, things)
  return mayStillLose(answer, happened) ? `was hit ${when} and has kept ${kept} so far` : `kept ${kept} ${when}`
}

const incident = (answer: Seen, time: Time): string => {
  const latest = answer.incidents[0]!
  const hit = mainImpact(latest, answer.subject.key)
  const name = hit?.name ?? answer.subject.name
  const anchor = latest.evidence.find(({ event }) => event.id === latest.occurrence.anchorId)?.event
  const befell =
    (anchor === undefined ? null : befellOf(anchor)) ??
    `${latest.incident?.title ?? latest.occurrence.pattern}: ${latest.occurrence.outcome}`
  return `${name} ${loss(hit, answer, latest.occurrence, time)}: ${befell}.`
}

const signs = ({ symptoms, subject }: Seen): string => {
  const { terminations, waiting, failedPods, unreadyPods, troubles } = symptoms
  const exits = [...new Set(terminations.map((end) => end.exitCode))].slice(0, 3)
  const short = subject.replicas === null ? 0 : subject.replicas.wanted - subject.replicas.ready
  return [
    terminations.length > 0 ? `${many(terminations.length, 'restart')}, exit ${exits.join(', ')}` : '',
    failedPods.length > 0 ? many(failedPods.length, 'failed pod') : '',
    waiting.length > 0 && (short > 0 || unreadyPods.length > 0)
      ? waiting
          .map((it) => it.reason)
          .slice(0, 3)
          .join(', ')
      : '',
    short > 0 ? `${subject.replicas!.ready} of ${subject.replicas!.wanted} ready` : '',
    short <= 0 && unreadyPods.length > 0 ? `${many(unreadyPods.length, 'pod')} not ready` : '',
    troubles.length > 0 ? troubles.at(-1)!.summary : '',
  ]
    .filter((part) => part !== '')
    .join('; ')
}

const noKnownCause = (answer: Seen, time: Time): string => {
  const told = signs(answer)
  const since = answer.symptomsSince === null ? '' : ` since ${time(answer.symptomsSince)}`
  return `No known cause was found for ${answer.subject.name}${since}${told === '' ? '' : ` (${told})`}.`
}

const healthy = (
  { subject, at, watchedFrom, lastBefore, unbrokenSince, notSeen, toldUpTo }: Seen,
  time: Time,
): string => {
  const { name, replicas, readySince, readyLonger } = subject
  const ready =
    replicas === null
      ? ''
      : `${replicas.ready} of ${replicas.wanted} ready${readySince === null ? '' : ` for ${readyLonger ? 'at least ' : ''}${span(at - readySince)}`}, `
  const quiet =
    lastBefore === null && watchedFrom >= at
      ? `nothing of the time before ${time(at)} ${notSeen.some(({ reason }) => reason === 'beyond-horizon') ? 'is kept' : 'was watched'}`
      : `no incident since ${time(lastBefore === null ? watchedFrom : Math.max(lastBefore, unbrokenSince))}`
  const upTo = toldUpTo === null ? '' : ` as of ${time(toldUpTo)}`
  return notSeen.length === 0
    ? `Nothing is wrong with ${name} that aitia can see${upTo}: ${ready}${quiet}, all sources listening.`
    : `Nothing wrong with ${name} was seen, but not everything was watched: ${ready}${quiet}.`
}

/** The answer in one sentence; `time` writes a point in time for the reader. */
export const headline = (answer: Answer, time: Time): string => {
  switch (answer.result) {
    case 'not-found':
      return notThereText(answer, time)
    case 'incident':
      return incident(answer, time)
    case 'no-known-cause':
      return noKnownCause(answer, time)
    case 'healthy':
      return healthy(answer, time)
  }
}
