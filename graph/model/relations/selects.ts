import { defineRelation } from '../define.ts'

// (Service)-[:SELECTS]->(Pod)
export const selects = defineRelation({
  name: 'SELECTS',
  doc: 'A pod is an endpoint of a Service. Declared by each EndpointSlice; a reader unites the slices.',
  from: ['Service'],
  to: ['Pod'],
  law: 'state',
  declaredBy: ['EndpointSlice'],
  since: 'first seen',
  dependent: 'from',
  reaches: ['from'],
  properties: {
    ready: { type: 'bool', doc: 'The endpoint takes traffic.' },
  },
  hub: true,
})
