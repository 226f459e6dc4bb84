import { defineRelation } from '../define.ts'

// (Ingress)-[:ROUTES_TO]->(Service)
export const routesTo = defineRelation({
  name: 'ROUTES_TO',
  doc: 'An Ingress passes requests on to a Service: one relation a rule.',
  from: ['Ingress'],
  to: ['Service'],
  law: 'state',
  declaredBy: ['Ingress'],
  since: 'first seen',
  dependent: 'from',
  reaches: ['to'],
  properties: {
    host: { type: 'string', optional: true, doc: 'Host that is asked for, perhaps with *. Absent: any.' },
    path: { type: 'string', optional: true, doc: 'Path that is asked for. Absent: what no rule takes.' },
    port: { type: 'string', doc: 'Port of the Service, by number or name.' },
  },
})
