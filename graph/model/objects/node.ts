import { defineObject } from '../define.ts'

export const node = defineObject({
  name: 'Node',
  doc: 'A node as the API knows it.',
  keyFrom: 'metadata.uid',
  crowded: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    machineId: { type: 'string', optional: true, doc: 'status.nodeInfo.machineID: joins the node to its Host.' },
    kubeletVersion: { type: 'string', optional: true, doc: 'Version of the kubelet.' },
    ready: { type: 'string', optional: true, doc: 'Status of the Ready condition.' },
    unschedulable: { type: 'bool', optional: true, doc: 'Cordoned.' },
  },
})
