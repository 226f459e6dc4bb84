import { defineObject } from '../define.ts'

export const service = defineObject({
  name: 'Service',
  doc: 'A Service.',
  keyFrom: 'metadata.uid',
  namespaced: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    serviceType: { type: 'string', doc: 'ClusterIP, NodePort, LoadBalancer or ExternalName.' },
    clusterIps: { type: 'string[]', optional: true, doc: 'Its addresses.' },
  },
})
