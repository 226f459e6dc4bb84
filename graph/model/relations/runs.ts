import { defineRelation } from '../define.ts'

// (Pod)-[:RUNS]->(Container)
export const runs = defineRelation({
  name: 'RUNS',
  doc: "A run of a container belongs to its pod for ever. Claimed by the pod's status, and by attribution for a container that the API never showed.",
  from: ['Pod'],
  to: ['Container'],
  law: 'fixed',
  declaredBy: ['Pod', 'Container'],
  since: 'start of the container',
  dependent: 'from',
  reaches: ['from', 'to'],
  properties: {
    containerName: { type: 'string', optional: true, doc: "Name in the pod's spec." },
    role: { type: 'string', optional: true, doc: 'main, init, sidecar or ephemeral.' },
  },
})
