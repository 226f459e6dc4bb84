import type { ContextFields } from '../define.ts'

/** What a context says of the node that the pod runs on. */
export const nodeFields: ContextFields = {
  nodeName: { type: 'string', path: 'pod.spec.nodeName', doc: 'The node it runs on.' },
  hostMachineId: {
    type: 'string',
    path: 'node.status.nodeInfo.machineID',
    doc: "The machine's id: key of the Host, unless AITIA_HOST_ID gives it another.",
  },
  zone: { type: 'string', path: 'node.metadata.labels, topology.kubernetes.io/zone', doc: 'Its zone.' },
  region: { type: 'string', path: 'node.metadata.labels, topology.kubernetes.io/region', doc: 'Its region.' },
  instanceType: {
    type: 'string',
    path: 'node.metadata.labels, node.kubernetes.io/instance-type',
    doc: 'What kind of machine it is, as its cloud names it.',
  },
  architecture: { type: 'string', path: 'node.status.nodeInfo.architecture', doc: 'amd64, arm64, ...' },
  operatingSystem: { type: 'string', path: 'node.status.nodeInfo.operatingSystem', doc: 'linux.' },
  osImage: { type: 'string', path: 'node.status.nodeInfo.osImage', doc: 'Name and version of its distribution.' },
  kernelVersion: { type: 'string', path: 'node.status.nodeInfo.kernelVersion', doc: 'Its kernel.' },
  kubeletVersion: { type: 'string', path: 'node.status.nodeInfo.kubeletVersion', doc: 'Its kubelet.' },
  containerRuntimeVersion: {
    type: 'string',
    path: 'node.status.nodeInfo.containerRuntimeVersion',
    doc: 'Its container runtime, as in containerd://2.1.4.',
  },
  nodeMemory: {
    type: 'int',
    path: 'node.status.allocatable.memory',
    doc: 'Memory that it has for pods.',
    unit: 'bytes',
  },
  nodeCpu: { type: 'int', path: 'node.status.allocatable.cpu', doc: 'CPU that it has for pods.', unit: 'millicores' },
  nodeUnschedulable: { type: 'bool', path: 'node.spec.unschedulable', doc: 'It is cordoned.' },
}
