import { defineRelation } from '../define.ts'

// (Pod|Service|Node)-[:HOLDS]->(Address)
export const holds = defineRelation({
  name: 'HOLDS',
  doc: "Who has an address. A pod keeps it until its sandbox ends or its phase is terminal; pods on the host's network hold none.",
  from: ['Pod', 'Service', 'Node'],
  to: ['Address'],
  law: 'state',
  declaredBy: ['Pod', 'Service', 'Node'],
  since: 'first seen',
  dependent: 'from',
  reaches: ['to'],
  properties: {},
  hub: true,
})
