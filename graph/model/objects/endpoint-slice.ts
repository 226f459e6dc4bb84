import { defineObject } from '../define.ts'

export const endpointSlice = defineObject({
  name: 'EndpointSlice',
  doc: "A part of a Service's endpoints.",
  keyFrom: 'metadata.uid',
  namespaced: true,
  body: {
    serviceName: { type: 'string', optional: true, doc: 'Label kubernetes.io/service-name.' },
    endpoints: { type: 'int', unit: 'count', doc: 'Endpoints in it.' },
    readyEndpoints: { type: 'int', unit: 'count', doc: 'Those that are ready.' },
  },
})
