import { endpointSlices } from './endpoint-slice.ts'
import { events } from './event.ts'
import type { AnyKind } from './kind.ts'
import { namespaces } from './namespace.ts'
import { nodes } from './node.ts'
import { pods } from './pod.ts'
import { services } from './service.ts'
import { workloads } from './workload.ts'

/** What is watched in every cluster; kinds of custom owners are added as they are met. */
export const watchedKinds: readonly AnyKind[] = [
  namespaces,
  nodes,
  ...Object.values(workloads),
  pods,
  services,
  endpointSlices,
  events,
]
