/** Questions about any time: what was there, who relied on whom, who had an address, what changed. */
import { type Changes, changes } from '../../../queries/reads/changes.ts'
import { find } from '../../../queries/reads/find.ts'
import { type Doubt, doubtText, type Ground } from '../../../queries/reads/ground.ts'
import type { Link } from '../../../queries/reads/links.ts'
import { OPEN, toRfc3339 } from '../../../queries/reads/main.ts'
import { ownerChain } from '../../../queries/reads/owner-chain.ts'
import { type AsOf, InvalidRequest, KNOWN_NOW } from '../../../queries/reads/read.ts'
import { dependencies, dependents, type Reliance } from '../../../queries/reads/reliance.ts'
import type { StoredObject } from '../../../queries/reads/stored.ts'
import { refuseUnheard, type Subject, settle } from '../../../queries/reads/subject.ts'
import { sizeOf, type Topology, topologyAround, topologyOfNamespace } from '../../../queries/reads/topology.ts'
import { type AddressHolders, whoHad } from '../../../queries/reads/who-had.ts'
import { type WorkloadView, workload } from '../../../queries/reads/workload.ts'
import type { Context } from '../context.ts'
import { given } from '../given.ts'

interface Times {
  readonly cluster?: string | null
  readonly at?: number | null
  readonly known?: number | null
}

interface Named extends Times {
  readonly kind: string
  readonly name: string
  readonly namespace: string
}

interface Sized {
  readonly depth: number
  readonly first: number
}

/** What is asked below an object that an answer names is of the answer's own times. */
const then = <T extends StoredObject | null>(object: T, { at, known }: AsOf): T =>
  object === null ? object : { ...object, asOf: { at, known } }
const all = (objects: readonly StoredObject[], asOf: AsOf): StoredObject[] => objects.map((it) => then(it, asOf))

type LinkThen = Link & { readonly asOf: AsOf }
const linksThen = (links: readonly Link[], { at, known }: AsOf): LinkThen[] =>
  links.map((link) => ({ ...link, asOf: { at, known } }))
const end = async (key: string, asOf: AsOf, { objects }: Context): Promise<StoredObject | null> =>
  then(await objects.load(key), asOf)

const question = <T extends Times>(args: T, { cluster }: Context) => {
  const { at, known, ...others } = args
  return { ...others, ...given({ at, known }), cluster: args.cluster ?? cluster } as T & {
    cluster: string
    at?: number
    known?: number
  }
}

type Walked = Named & Sized
const walked = (read: typeof dependencies) => (_: unknown, args: Walked, context: Context) =>
  read(context.reader, question(args, context), sizeOf(args))

const topology = async (
  _: unknown,
  args: Partial<Named> & Sized & { namespace: string },
  context: Context,
): Promise<Topology> => {
  const { kind, name, ...others } = args
  if (kind == null && name == null) {
    const asked = question(others, context)
    await refuseUnheard(context.reader, asked.cluster)
    return topologyOfNamespace(context.reader, asked, sizeOf(args))
  }
  if (kind == null || name == null)
    throw new InvalidRequest('topology: got one of kind and name, expected both or none')
  return topologyAround(context.reader, question({ ...others, kind, name }, context), sizeOf(args))
}

type ChangesArgs = Named & { from: number; to?: number | null; around: boolean; first: number }

export const asOf = {
  Query: {
    object: async (_: unknown, args: Named, context: Context) => {
      const asked = question(args, context)
      const times = await settle(context.reader, asked)
      const [found] = await find(context.reader, asked.cluster, asked, times)
      return found === undefined ? null : then(found.object, times)
    },
    workload: (_: unknown, args: Named, context: Context) => workload(context.reader, question(args, context)),
    topology,
    ownerChain: (_: unknown, args: Named, context: Context) => ownerChain(context.reader, question(args, context)),
    dependencies: walked(dependencies),
    dependents: walked(dependents),
    whoHad: async (_: unknown, args: Times & { ip: string }, context: Context) => {
      const asked = question(args, context)
      await refuseUnheard(context.reader, asked.cluster)
      return whoHad(context.reader, asked)
    },
    changes: (_: unknown, { to, ...args }: ChangesArgs, context: Context) =>
      changes(context.reader, { ...question(args, context), ...given({ to }) } as Parameters<typeof changes>[1]),
  },
  Ground: { known: ({ known }: Ground) => (known === KNOWN_NOW ? null : known) },
  DoubtKind: {
    ...{ FUTURE: 'future', BEYOND_HORIZON: 'beyond-horizon', NEVER_HEARD: 'never-heard', NOT_WATCHED: 'not-watched' },
    ...{ GAP: 'gap', LOSS: 'loss', LAGGING: 'lagging', NOT_KNOWN_YET: 'not-known-yet' },
  },
  Doubt: { text: (doubt: Doubt) => doubtText(doubt, toRfc3339) },
  Relation: {
    from: ({ fromKey, asOf }: LinkThen, _: unknown, context: Context) => end(fromKey, asOf, context),
    to: ({ toKey, asOf }: LinkThen, _: unknown, context: Context) => end(toKey, asOf, context),
    by: ({ by, asOf }: LinkThen, _: unknown, context: Context) => end(by, asOf, context),
    since: ({ from }: Link) => from,
    until: ({ to }: Link) => (to === OPEN ? null : to),
  },
  WorkloadView: {
    object: ({ subject }: { subject: Subject }) => then(subject.object, subject),
    state: ({ subject: { state, object } }: { subject: Subject }) => state && { ...state, objectKind: object.kind },
    owners: ({ owners, subject }: WorkloadView) => all(owners, subject),
    pods: ({ pods, subject }: WorkloadView) =>
      pods.map(({ object, state, node, containers }) => ({
        object: then(object, subject),
        state: state && { ...state, objectKind: object.kind },
        node: then(node, subject),
        containers: containers.map((it) => ({ ...it, startedAt: it.from, object: then(it.object, subject) })),
      })),
    services: ({ services, subject }: WorkloadView) =>
      services.map((it) => ({ ...it, object: then(it.object, subject) })),
  },
  Topology: {
    nodes: ({ nodes, ground }: Topology) => all(nodes, ground),
    edges: ({ edges, ground }: Topology) => linksThen(edges, ground),
  },
  OwnerChain: {
    object: ({ subject }: { subject: Subject }) => then(subject.object, subject),
    owners: ({ owners, subject }: { owners: readonly StoredObject[]; subject: Subject }) => all(owners, subject),
  },
  Reliance: {
    object: ({ subject }: Reliance) => then(subject.object, subject),
    found: ({ found, subject }: Reliance) =>
      found.map(({ object, path }) => ({
        object: then(object, subject),
        path: linksThen(path, subject),
        distance: path.length,
      })),
  },
  HolderResult: { NONE: 'none', ONE: 'one', AMBIGUOUS: 'ambiguous' },
  AddressHolders: {
    holders: ({ holders, ground }: AddressHolders) =>
      holders.map((it) => ({
        ...it,
        object: then(it.object, ground),
        owners: all(it.owners, ground),
        since: it.from,
        until: it.to === OPEN ? null : it.to,
      })),
  },
  ChangeKind: {
    ...{ APPEARED: 'appeared', DELETED: 'deleted', FIELD: 'field', BEGAN: 'began', ENDED: 'ended' },
    ...{ PROPERTY: 'property', EVENT: 'event' },
  },
  Changes: {
    objects: ({ objects, ground }: Changes) => all(objects, ground),
    changes: ({ changes, ground: { known } }: Changes) =>
      changes.map((change) => {
        const time: AsOf = { at: change.at, known }
        return {
          ...change,
          object: then(change.object, time),
          ...('other' in change
            ? { other: then(change.other, time), relation: linksThen([change.link], time)[0] }
            : {}),
        }
      }),
  },
}
