/** By what name its pod knows the container of an anchor: the same one whoever told it, since an incident is named by it. */
import type { Store } from '../../graph/store/main.ts'
import type { ContainerName, EventNode } from './judgement.ts'
import { statement } from './statements.ts'

interface Row {
  readonly anchor: string
  readonly name: string | null
  /** Of the pod's state, JSON. */
  readonly body: string | null
}

/** The one container of a pod's spec: `name=role:limit:restarts`. With more than one, none can be told. */
const onlyOne = (body: string): string | null => {
  const { containers = [] } = JSON.parse(body) as { containers?: readonly string[] }
  return containers.length === 1 ? (containers[0]!.split('=')[0] as string) : null
}

const nameFrom = ({ name, body }: Row): ContainerName => {
  if (name !== null) return { name, resolver: 'RUNS' }
  const only = body === null ? null : onlyOne(body)
  return only === null ? { name: null, resolver: 'none' } : { name: only, resolver: 'only container of the pod' }
}

/**
 * Names for anchors, most by their own word. A container that is gone when its event is told of, as after a restart of the
 * agent, is known to neither the runtime nor the pod's status: what the graph learns of its pod then says it.
 */
export const readContainerNames = async (
  store: Store,
  anchors: readonly EventNode[],
  known: number,
): Promise<(anchor: EventNode) => ContainerName> => {
  const nameless = anchors.filter(({ containerName, podKey, objectKind }) => {
    return containerName === undefined && (podKey !== undefined || objectKind === 'Container')
  })
  const rows =
    nameless.length === 0
      ? []
      : await store.read<Row>(statement('container-names'), {
          rows: nameless.map(({ id, at, objectKey, podKey }) => ({ anchor: id, at, key: objectKey, podKey })),
          known,
        })
  const found = new Map(rows.map((row) => [row.anchor, nameFrom(row)]))
  return ({ id, containerName }) =>
    containerName === undefined
      ? (found.get(id) ?? { name: null, resolver: 'none' })
      : { name: containerName, resolver: 'event' }
}
