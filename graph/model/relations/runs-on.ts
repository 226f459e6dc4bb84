import { defineRelation } from '../define.ts'

// (Pod)-[:RUNS_ON]->(Node)
export const runsOn = defineRelation({
  name: 'RUNS_ON',
  doc: 'The node that a pod was scheduled to.',
  from: ['Pod'],
  to: ['Node'],
  law: 'state',
  declaredBy: ['Pod'],
  since: 'condition PodScheduled',
  dependent: 'from',
  reaches: ['to'],
  properties: {},
  hub: true,
})
