import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const endpointsChanged = defineEvent({
  name: 'endpoints-changed',
  collector: 'kubernetes',
  doc: 'A Service lost its last ready endpoint, or so many that half of them or fewer are ready; or that is over. Counted over all its EndpointSlices. Other changes are told by the pods alone.',
  hook: 'EndpointSlice endpoints[].conditions, of all slices of a Service',
  about: ['Service'],
  origin: 'api.endpoints',
  delay: 10 * SECOND,
  compared: true,
  fields: {
    readyEndpoints: {
      type: 'int',
      unit: 'count',
      doc: 'Endpoints that are ready; 0: traffic to the Service goes nowhere.',
    },
    endpoints: { type: 'int', unit: 'count', doc: 'All endpoints, but for those that are not ready since they end.' },
    previousReadyEndpoints: { type: 'int', unit: 'count', doc: 'Ready before, as they were counted last.' },
    previousEndpoints: { type: 'int', unit: 'count', doc: 'All before.' },
  },
})
