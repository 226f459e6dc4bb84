import { defineRelation } from '../define.ts'

// (PersistentVolumeClaim)-[:BOUND_TO]->(PersistentVolume)
export const boundTo = defineRelation({
  name: 'BOUND_TO',
  doc: 'The storage that a claim got.',
  from: ['PersistentVolumeClaim'],
  to: ['PersistentVolume'],
  law: 'state',
  declaredBy: ['PersistentVolumeClaim'],
  since: 'first seen',
  dependent: 'from',
  reaches: ['to'],
  properties: {},
})
