import { defineObject } from '../define.ts'

export const endpointSlice = defineObject({
  name: 'EndpointSlice',
  doc: "A part of a Service's endpoints.",
  keyFrom: 'metadata.uid',
  namespaced: true,
  body: {
    serviceName: { type: 'string', optional: true, doc: 'Label kubernetes.io/service-name.' },
    addressType: { type: 'string', optional: true, doc: 'IPv4, IPv6 or FQDN.' },
    endpoints: { type: 'int', unit: 'count', doc: 'Endpoints in it.' },
    readyEndpoints: { type: 'int', unit: 'count', doc: 'Those that are ready.' },
    addresses: {
      type: 'string[]',
      optional: true,
      doc: 'Of endpoints that are no pods, as of a Service without selector: the addresses, and (not ready) behind one that is not.',
    },
  },
})
