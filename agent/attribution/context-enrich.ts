import type { K8sContext } from '../../graph/model/context.ts'
import type {
  Declaration,
  EventObservation,
  ObjectRef,
  Observation,
  StateObservation,
} from '../../graph/model/observation.ts'
import type { Attributed, NodePods } from './pods.ts'

/** Observations with what the API knows of their pods, and the contexts that they refer to. */
export interface Enriched {
  readonly observations: Observation[]
  readonly contexts: Record<string, K8sContext>
}

/** Adds names, workload and context to what happened in a pod. What the API does not know (yet) stays as the host told it. */
export function enrich(observations: readonly Observation[], pods: Pick<NodePods, 'find'>): Enriched {
  const contexts: Record<string, K8sContext> = {}
  const enriched = observations.map((observation) => {
    if ((observation.type !== 'event' && observation.type !== 'state') || observation.pod === undefined)
      return observation
    const { object, pod } = observation
    const containerId = object.kind === 'Container' ? object.key : undefined
    const name = observation.type === 'event' ? observation.containerName : object.name
    const found = pods.find(pod.key, containerId, name)
    if (!found) return observation
    if (observation.type === 'state') return ofState(observation, pod, found)
    contexts[found.contextKey] = found.context
    return ofEvent(observation, pod, found)
  })
  return { observations: enriched, contexts }
}

const podRef = (pod: ObjectRef, { podName, namespace }: Attributed): ObjectRef => ({ ...pod, name: podName, namespace })

const named = (object: ObjectRef, found: Attributed): ObjectRef => {
  const { containerName, namespace } = found
  if (object.kind === 'Pod') return podRef(object, found)
  if (object.kind !== 'Container') return object
  return { ...object, ...(containerName !== undefined && { name: containerName }), namespace }
}

function ofEvent(event: EventObservation, pod: ObjectRef, found: Attributed): EventObservation {
  const { containerName, workloadName, contextKey } = found
  return {
    ...event,
    object: named(event.object, found),
    pod: podRef(pod, found),
    ...(containerName !== undefined && event.object.kind === 'Container' && { containerName }),
    ...(workloadName !== undefined && { workloadName }),
    contextKey,
  }
}

function ofState(state: StateObservation, pod: ObjectRef, found: Attributed): StateObservation {
  const end = (ref: ObjectRef | undefined) => (ref?.kind === 'Pod' && ref.key === pod.key ? podRef(pod, found) : ref)
  const relations = state.relations.map((relation): Declaration => {
    const { from, to, ...rest } = relation
    return { ...rest, ...(from && { from: end(from)! }), ...(to && { to: end(to)! }) }
  })
  return { ...state, object: named(state.object, found), pod: podRef(pod, found), relations }
}
