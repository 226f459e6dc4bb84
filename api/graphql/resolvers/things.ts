/** Events and objects: members that every kind has. What is a property of the stored node needs no resolver. */

import { pascalCase } from '../../../queries/reads/main.ts'
import { type AsOf, KNOWN_NOW, pageSize } from '../../../queries/reads/read.ts'
import { kindOf, type StoredEvent, type StoredObject, type StoredState } from '../../../queries/reads/stored.ts'
import { summaryOf } from '../../../queries/reads/words.ts'
import type { Context } from '../context.ts'

interface Times {
  readonly at?: number | null
  readonly known?: number | null
}

/** An object within an answer about a time: what is asked below it is of that time too, unless it is told otherwise. */
type MaybeThen = StoredObject & { readonly asOf?: AsOf }

const timesOf = async ({ at, known }: Times, { cluster, asOf }: MaybeThen, context: Context): Promise<AsOf> => ({
  at: at ?? asOf?.at ?? context.now,
  known: known == null && asOf !== undefined ? asOf.known : await context.known(cluster, known),
})

const Event = {
  __resolveType: (event: StoredEvent) => pascalCase(event.kind),
  summary: summaryOf,
  object: (event: StoredEvent, _: unknown, { objects }: Context) => objects.load(event.objectKey),
  pod: (event: StoredEvent, _: unknown, { objects }: Context) => (event.podKey ? objects.load(event.podKey) : null),
  context: (event: StoredEvent, _: unknown, { contexts }: Context) =>
    event.contextKey ? contexts.load(event.contextKey) : null,
  causes: async (event: StoredEvent, _: unknown, { caused }: Context) => (await caused.load(event.id))?.causes ?? [],
  effects: async (event: StoredEvent, _: unknown, { caused }: Context) => (await caused.load(event.id))?.effects ?? [],
}

const ObjectType = {
  __resolveType: (object: StoredObject) => object.kind,
  kind: kindOf,
  missing: (object: StoredObject) => object.missing ?? false,
  unwatched: (object: StoredObject) => object.unwatched ?? false,
  state: async (object: MaybeThen, times: Times, context: Context) => {
    const state = await context.states(await timesOf(times, object, context)).load(object.key)
    return state && { ...state, objectKind: object.kind }
  },
  owners: async (object: MaybeThen, times: Times, context: Context) => {
    const asOf = await timesOf(times, object, context)
    return ((await context.owners(asOf).load(object.key)) ?? []).map((owner) => ({ ...owner, asOf }))
  },
  events: async (object: MaybeThen, args: { from: number; to?: number; first: number }, context: Context) => {
    const { at, known } = object.asOf ?? { at: context.now, known: KNOWN_NOW }
    const window = { from: args.from, to: args.to ?? at + 1, known, limit: pageSize(args.first) }
    return (await context.eventsAbout(window).load(object.key)) ?? []
  },
}

export const things = {
  Event,
  Object: ObjectType,
  Pod: {
    context: async (pod: MaybeThen, times: Times, context: Context) =>
      context.newestContexts(await timesOf(times, pod, context)).load(pod.key),
  },
  State: {
    body: (state: StoredState & { objectKind: string }) =>
      state.deleted ? null : { ...state.body, __typename: `${state.objectKind}Body` },
  },
}
