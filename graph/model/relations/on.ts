import { defineRelation } from '../define.ts'

// (Node)-[:ON]->(Host)
export const on = defineRelation({
  name: 'ON',
  doc: 'The machine that a node is.',
  from: ['Node'],
  to: ['Host'],
  law: 'state',
  declaredBy: ['Node'],
  since: 'first seen',
  dependent: 'from',
  reaches: ['to'],
  properties: {},
})
