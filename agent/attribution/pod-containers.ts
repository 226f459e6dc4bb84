import type { RawObject } from '../reflector/list.ts'
import { quantityOf } from './pod-quantity.ts'

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
  readonly imageId: string | undefined
  /** Of the run that the status is about, without its scheme. */
  readonly id: string | undefined
  readonly restartCount: number
  /** Bytes and millicores. */
  readonly memoryLimit: number | undefined
  readonly memoryRequest: number | undefined
  readonly cpuLimit: number | undefined
  readonly cpuRequest: number | undefined
  readonly state: ContainerState
  readonly lastState: ContainerState
}

/** `containerd://abc` is `abc`; undefined for what is empty or absent. */
export const containerIdOf = (id: string | undefined): string | undefined =>
  id?.slice(id.indexOf('://') + 3) || undefined

// biome-ignore lint/suspicious/noExplicitAny: JSON of the API, read here with a fallback for each field.
type Raw = any

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
    const { limits = {}, requests = {} } = spec.resources ?? {}
    const cores = (text: string | undefined) => {
      const value = quantityOf(text)
      return value === undefined ? undefined : Math.round(value * 1000)
    }
    return {
      name: spec.name,
      role: roleOf(spec),
      image: spec.image ?? '',
      imageId: status.imageID || undefined,
      id: containerIdOf(status.containerID),
      restartCount: status.restartCount ?? 0,
      memoryLimit: quantityOf(limits.memory),
      memoryRequest: quantityOf(requests.memory),
      cpuLimit: cores(limits.cpu),
      cpuRequest: cores(requests.cpu),
      state: stateOf(spec, status.state),
      lastState: stateOf(spec, status.lastState),
    }
  })
}

/** With FallbackToLogsOnError the message is the end of the log, which may hold anything; it goes no further than here. */
function stateOf({ terminationMessagePolicy }: Raw, state: ContainerState = {}): ContainerState {
  if (state.terminated?.message === undefined || terminationMessagePolicy === 'File') return state
  const { message: _, ...terminated } = state.terminated
  return { ...state, terminated }
}
