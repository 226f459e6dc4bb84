/** What the container of an anchor is to its pod: its name, the same one whoever told it, since an incident is named by it; and its role. */
import type { K8sContext } from '../../graph/model/context.ts'
import { EVENTS } from '../../graph/model/generated/registry.ts'
import type { Declaration } from '../../graph/model/observation.ts'
import type { Store } from '../../graph/store/main.ts'
import { type Specified, specifiedIn } from '../reads/specified.ts'
import type { ContainerName, EventNode, OfPod } from './judgement.ts'
import { statement } from './statements.ts'

interface Row {
  readonly anchor: string
  readonly name: string | null
  readonly role: string | null
  /** Of the pod; body and relations are JSON. */
  readonly state: { readonly at: number; readonly body: string; readonly relations: string } | null
  /** JSON. */
  readonly context: string | null
}

/** The containers of the pod's spec. */
const specOf = (state: Row['state']): Specified[] => specifiedIn(JSON.parse(state?.body ?? '{}'))

/** So late a status may be: what it says of a container's restarts need not be true of a moment ago. */
const { delay: STATUS_DELAY } = EVENTS['container-started']

/**
 * Those of a pod that a run may be of which its status never showed by name. An ephemeral container has one run, and the status
 * goes on showing it. Init containers have ended once a main one has run; before that, one is left out where a status of later on
 * shows as many runs of it as there were.
 */
const nameless = (state: NonNullable<Row['state']>, at: number): Specified[] => {
  const runs = (JSON.parse(state.relations) as Declaration[]).filter(({ kind }) => kind === 'RUNS')
  const mainRan = runs.some(({ properties, since = state.at }) => properties?.role === 'main' && since <= at)
  const isLater = state.at >= at + STATUS_DELAY
  return specOf(state).filter(({ name, role, restarts }) => {
    if (role !== 'init') return role !== 'ephemeral'
    return (
      !mainRan && !(isLater && runs.filter(({ properties }) => properties?.containerName === name).length > restarts)
    )
  })
}

const nameOf = ({ containerName }: EventNode, row: Row | undefined, mayBe: readonly string[]): ContainerName => {
  if (containerName !== undefined) return { name: containerName, resolver: 'event' }
  if (typeof row?.name === 'string') return { name: row.name, resolver: 'RUNS' }
  const [only] = mayBe
  return only !== undefined && mayBe.length === 1
    ? { name: only, resolver: 'only container of the pod' }
    : { name: null, resolver: 'none' }
}

const ofPod = (anchor: EventNode, row: Row | undefined): OfPod => {
  const known = anchor.containerName ?? row?.name
  const state = row?.state ?? null
  const possible =
    typeof known === 'string'
      ? specOf(state).filter(({ name }) => name === known)
      : state === null
        ? []
        : nameless(state, anchor.at)
  const mayBe = typeof known === 'string' ? [known] : possible.map(({ name }) => name)
  const container = nameOf(anchor, row, mayBe)
  if (anchor.objectKind !== 'Container') return { container, role: undefined, mayBe }
  const [role, ...others] = new Set(possible.map((each) => each.role))
  const specified = others.length === 0 ? role : undefined
  const { containerRole } = JSON.parse(row?.context ?? '{}') as Partial<K8sContext>
  return { container, role: row?.role ?? specified ?? containerRole ?? null, mayBe }
}

/**
 * Most anchors tell their container's name themselves. One that is gone when its event is told of, as after a restart of the
 * agent, is known to neither the runtime nor the pod's status: what the graph learns of its pod then says it.
 */
export const readContainers = async (
  store: Store,
  anchors: readonly EventNode[],
  known: number,
): Promise<(anchor: EventNode) => OfPod> => {
  const asked = anchors.filter(({ containerName, podKey, objectKind }) => {
    return objectKind === 'Container' || (containerName === undefined && podKey !== undefined)
  })
  const rows =
    asked.length === 0
      ? []
      : await store.read<Row>(statement('containers'), {
          rows: asked.map(({ id, at, objectKey, podKey, containerName, contextKey }) => ({
            ...{ anchor: id, at, key: objectKey, podKey, name: containerName, contextKey },
          })),
          known,
        })
  const found = new Map(rows.map((row) => [row.anchor, row]))
  return (anchor) => ofPod(anchor, found.get(anchor.id))
}
