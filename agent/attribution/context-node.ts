import type { K8sContext } from '../../graph/model/context.ts'
import { bytesOf, millicoresOf } from '../../graph/model/quantity.ts'
import type { RawObject } from '../reflector/list.ts'
import type { Raw } from './context-pod.ts'

/** A node, as far as attribution and contexts need it. */
export interface ContextNode {
  readonly name: string
  readonly bootId: string | undefined
  readonly told: Readonly<Partial<K8sContext>>
}

/** Keeps of a raw node what does not change with its heartbeats. */
export function trimNode(raw: RawObject): ContextNode {
  const { metadata, spec = {}, status = {} } = raw as Raw
  const { nodeInfo: info = {}, allocatable = {} } = status
  const { labels = {} } = metadata
  return {
    name: metadata.name,
    bootId: info.bootID,
    told: {
      hostMachineId: info.machineID || undefined,
      zone: labels['topology.kubernetes.io/zone'],
      region: labels['topology.kubernetes.io/region'],
      instanceType: labels['node.kubernetes.io/instance-type'],
      architecture: info.architecture,
      operatingSystem: info.operatingSystem,
      osImage: info.osImage,
      kernelVersion: info.kernelVersion,
      kubeletVersion: info.kubeletVersion,
      containerRuntimeVersion: info.containerRuntimeVersion,
      nodeMemory: bytesOf(allocatable.memory),
      nodeCpu: millicoresOf(allocatable.cpu),
      nodeUnschedulable: spec.unschedulable,
    },
  }
}
