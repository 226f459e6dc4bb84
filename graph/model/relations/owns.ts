import { defineRelation } from '../define.ts'

// (owner)-[:OWNS]->(owned)
export const owns = defineRelation({
  name: 'OWNS',
  doc: 'The owner that controls an object (metadata.ownerReferences with controller set).',
  from: ['Workload', 'Node'],
  to: ['Workload', 'Pod'],
  law: 'state',
  declaredBy: ['Workload', 'Pod'],
  since: 'first seen, back to creation',
  dependent: 'from',
  reaches: ['from'],
  properties: {},
})
