import { defineRelation } from '../define.ts'

// (NetworkPolicy)-[:APPLIES_TO]->(Pod)
export const appliesTo = defineRelation({
  name: 'APPLIES_TO',
  doc: "A policy selects a pod: its connections in the directions that are named are those that policies allow. Evaluated by the collector, as labels and policies change; not for pods on the host's network, of which Kubernetes does not say whether policies hold.",
  from: ['NetworkPolicy'],
  to: ['Pod'],
  law: 'state',
  declaredBy: ['Pod'],
  since: 'first seen',
  dependent: 'to',
  reaches: ['from'],
  properties: {
    ingress: { type: 'bool', doc: 'It rules over what comes in.' },
    egress: { type: 'bool', doc: 'It rules over what goes out.' },
  },
})
