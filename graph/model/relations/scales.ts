import { defineRelation } from '../define.ts'

// (HorizontalPodAutoscaler)-[:SCALES]->(Workload)
export const scales = defineRelation({
  name: 'SCALES',
  doc: 'An autoscaler sets the replicas of a workload.',
  from: ['HorizontalPodAutoscaler'],
  to: ['Workload'],
  law: 'state',
  declaredBy: ['HorizontalPodAutoscaler'],
  since: 'first seen',
  dependent: 'to',
  reaches: ['from'],
  properties: {},
})
