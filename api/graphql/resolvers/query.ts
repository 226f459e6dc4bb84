/** The ways in. */

import type { Pattern } from '../../../queries/engine/pattern.ts'
import type { Interval } from '../../../queries/reads/coverage.ts'
import { isKind } from '../../../queries/reads/find.ts'
import { headline } from '../../../queries/reads/headline.ts'
import { incidentNamed, incidents, type Status } from '../../../queries/reads/incidents.ts'
import { MINUTE, toRfc3339 } from '../../../queries/reads/main.ts'
import type { OccurrenceDetail } from '../../../queries/reads/occurrences.ts'
import { patternWork } from '../../../queries/reads/patterns.ts'
import { InvalidRequest, KNOWN_NOW } from '../../../queries/reads/read.ts'
import { clusterNow, clusters, type Source, sources, unwatched } from '../../../queries/reads/sources.ts'
import { refuseUnheard, unknownKindText } from '../../../queries/reads/subject.ts'
import { type Answer, type Subject, why } from '../../../queries/reads/why.ts'
import type { Context } from '../context.ts'
import { given } from '../given.ts'
import type { OccurrenceThen } from './incidents.ts'

interface Named {
  cluster?: string
  kind: string
  name: string
  namespace: string
  at?: number
  known?: number
  since?: number
}

interface IncidentsArgs {
  cluster?: string
  namespace?: string
  workload?: string
  workloadKind?: string
  pattern?: string
  status?: Status
  from?: number
  to?: number
  first: number
  after?: string
}

type Seen = Exclude<Answer, { result: 'not-found' }>
const seen = (answer: Answer): Seen | null => (answer.result === 'not-found' ? null : answer)

/** What is asked of an occurrence within an answer is asked with the answer's knowledge. */
const thenOf = ({ known }: Answer, { occurrence }: OccurrenceDetail): OccurrenceThen => ({ ...occurrence, known })

export const query = (patterns: readonly Pattern[]) => ({
  Query: {
    incidents: async (_: unknown, { cluster, first, after, ...filter }: IncidentsArgs, { reader, ...own }: Context) => {
      const asked = cluster ?? own.cluster
      const page = await incidents(reader, asked, given(filter), given({ first, after }))
      if (page.items.length > 0) return page
      // A name that was mistyped, or one that no agent sends as, must not look like a cluster that is well.
      await refuseUnheard(reader, asked)
      const kind = filter.workloadKind
      if (kind != null && !(await isKind(reader, asked, kind))) throw new InvalidRequest(unknownKindText(kind, asked))
      return page
    },
    incident: async (
      _: unknown,
      { id, cluster }: { id: string; cluster?: string },
      { incidents, reader, ...own }: Context,
    ) => {
      const asked = cluster ?? own.cluster
      const found = (await incidents.load(id)) ?? (await incidentNamed(reader, asked, id))
      if (found === null) await refuseUnheard(reader, asked)
      return found
    },
    event: (_: unknown, { id }: { id: string }, { events }: Context) => events.load(id),
    why: (_: unknown, args: Named, context: Context) =>
      why(context.reader, { ...given(args), cluster: args.cluster ?? context.cluster }),
    sources: async (
      _: unknown,
      args: { cluster?: string; from?: number; to?: number },
      { reader, ...context }: Context,
    ) => {
      const cluster = args.cluster ?? context.cluster
      const to = args.to ?? (await clusterNow(reader, cluster))
      const window: Interval = { from: args.from ?? to - 60 * MINUTE, to }
      return (await sources(reader, cluster, { ...window, known: KNOWN_NOW })).map((source) => ({ ...source, window }))
    },
    patterns: () => patterns,
    clusters: (_: unknown, __: unknown, { reader }: Context) => clusters(reader),
  },
  Source: { unwatched: ({ window, ...source }: Source & { window: Interval }) => unwatched(source, window) },
  Pattern: {
    work: async ({ id }: Pattern, args: { cluster?: string }, { reader, cluster }: Context) =>
      (await patternWork(reader, args.cluster ?? cluster)).find(({ pattern }) => pattern === id) ?? null,
    steps: ({ steps }: Pattern) => steps.map(({ event, required, join }) => ({ event, required, join })),
  },
  AnswerResult: { INCIDENT: 'incident', NO_KNOWN_CAUSE: 'no-known-cause', HEALTHY: 'healthy', NOT_FOUND: 'not-found' },
  Answer: {
    headline: (answer: Answer) => headline(answer, toRfc3339),
    known: ({ known }: Answer) => (known === KNOWN_NOW ? null : known),
    subject: (answer: Answer) => seen(answer)?.subject ?? null,
    incidents: (answer: Answer) =>
      (seen(answer)?.incidents ?? []).map((it) => ({ ...it, occurrence: thenOf(answer, it) })),
    nearMisses: (answer: Answer) => (seen(answer)?.nearMisses ?? []).map((it) => thenOf(answer, it)),
    symptoms: (answer: Answer) => seen(answer)?.symptoms ?? null,
    watchedFrom: (answer: Answer) => seen(answer)?.watchedFrom ?? null,
    notSeen: (answer: Answer) => seen(answer)?.notSeen ?? [],
    toldUpTo: (answer: Answer) => seen(answer)?.toldUpTo ?? null,
    lastBefore: (answer: Answer) => seen(answer)?.lastBefore ?? null,
    unbrokenSince: (answer: Answer) => seen(answer)?.unbrokenSince ?? null,
    cut: (answer: Answer) => seen(answer)?.cut ?? false,
    nearest: (answer: Answer) => (answer.result === 'not-found' ? answer.nearest : []),
    deletedAt: (answer: Answer) => (answer.result === 'not-found' ? answer.deletedAt : null),
    elsewhere: (answer: Answer) => (answer.result === 'not-found' ? answer.elsewhere : []),
  },
  Rival: {
    ...{ WORKLOAD_CHANGED: 'workload-changed', CONFIGURATION_CHANGED: 'configuration-changed' },
    NODE_UNDER_PRESSURE: 'node-under-pressure',
  },
  Subject: { object: (subject: Subject, _: unknown, { objects }: Context) => objects.load(subject.key) },
})
