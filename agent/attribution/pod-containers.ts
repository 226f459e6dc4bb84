import { bytesOf } from '../../graph/model/quantity.ts'
import type { RawObject } from '../reflector/list.ts'

// biome-ignore lint/suspicious/noExplicitAny: JSON of the API, read here with a fallback for each field.
type Raw = any

export type ContainerRole = 'main' | 'init' | 'sidecar' | 'ephemeral'

/** A state of a container as the kubelet reports it; just one of the three is there. Times are RFC 3339. */
interface ContainerState {
  readonly running?: { readonly startedAt?: string | null }
  readonly waiting?: { readonly reason?: string; readonly message?: string }
  readonly terminated?: {
    readonly containerID?: string
    readonly reason?: string
    readonly exitCode: number
    readonly signal?: number
    readonly startedAt?: string | null
    readonly finishedAt?: string | null
    /** What the container itself left as its last words. */
    readonly message?: string
  }
}

/** A container of a pod: what the spec wants and what the status tells. */
export interface PodContainer {
  readonly name: string
  readonly role: ContainerRole
  /** As the spec names it. */
  readonly image: string
  /** Of the run that the status is about, without its scheme. */
  readonly id: string | undefined
  readonly restartCount: number
  /** Bytes. */
  readonly memoryLimit: number | undefined
  readonly state: ContainerState
  readonly lastState: ContainerState
  /** Its entries in the pod's spec and status: not to be kept. */
  readonly raw: { readonly spec: Raw; readonly status: Raw }
}

/** `containerd://abc` is `abc`; undefined for what is empty or absent. */
export const containerIdOf = (id: string | undefined): string | undefined =>
  id?.slice(id.indexOf('://') + 3) || undefined

/** All containers of a raw pod, in the order of the spec: init, main, ephemeral. */
export function containersOf(pod: RawObject): PodContainer[] {
  const { spec = {}, status = {} } = pod as Raw
  return [
    ...containersIn(spec.initContainers, status.initContainerStatuses, ({ restartPolicy }) =>
      restartPolicy === 'Always' ? 'sidecar' : 'init',
    ),
    ...containersIn(spec.containers, status.containerStatuses, () => 'main'),
    ...containersIn(spec.ephemeralContainers, status.ephemeralContainerStatuses, () => 'ephemeral'),
  ]
}

function containersIn(specs: Raw[] = [], statuses: Raw[] = [], roleOf: (spec: Raw) => ContainerRole): PodContainer[] {
  return specs.map((spec) => {
    const status: Raw = statuses.find(({ name }) => name === spec.name) ?? {}
    return {
      name: spec.name,
      role: roleOf(spec),
      image: spec.image ?? '',
      id: containerIdOf(status.containerID),
      restartCount: status.restartCount ?? 0,
      memoryLimit: bytesOf(spec.resources?.limits?.memory),
      state: stateOf(spec, status.state),
      lastState: stateOf(spec, status.lastState),
      raw: { spec, status },
    }
  })
}

/** With FallbackToLogsOnError the message is the end of the log, which may hold anything; it goes no further than here. */
function stateOf({ terminationMessagePolicy }: Raw, state: ContainerState = {}): ContainerState {
  if (state.terminated?.message === undefined || terminationMessagePolicy === 'File') return state
  const { message: _, ...terminated } = state.terminated
  return { ...state, terminated }
}
