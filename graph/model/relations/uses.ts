import { defineRelation } from '../define.ts'

// (Pod)-[:USES]->(ServiceAccount)
export const uses = defineRelation({
  name: 'USES',
  doc: 'As whom a pod asks the API.',
  from: ['Pod'],
  to: ['ServiceAccount'],
  law: 'state',
  declaredBy: ['Pod'],
  since: 'first seen',
  dependent: 'from',
  reaches: ['to'],
  properties: {},
  hub: true,
})
