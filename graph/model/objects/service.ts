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
    headless: { type: 'bool', optional: true, doc: 'It has no address: its name means those of its endpoints.' },
    selector: {
      type: 'string',
      optional: true,
      doc: 'Which pods it is for, as kubectl -l takes it. Absent: its endpoints are made by somebody else.',
    },
    ports: {
      type: 'string[]',
      optional: true,
      doc: 'One entry a port: name:port/protocol -> target port, or port/protocol -> target port.',
    },
    externalName: { type: 'string', optional: true, doc: 'The DNS name that an ExternalName stands for.' },
    externalAddresses: {
      type: 'string[]',
      optional: true,
      doc: 'Where it is reached from outside: IP addresses and host names of its load balancer, and externalIPs.',
    },
  },
})
