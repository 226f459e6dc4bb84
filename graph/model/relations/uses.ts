import { defineRelation } from '../define.ts'

// (Pod)-[:USES]->(ServiceAccount|Secret), (Ingress)-[:USES]->(Secret), (PersistentVolumeClaim)-[:USES]->(StorageClass)
export const uses = defineRelation({
  name: 'USES',
  doc: 'As whom a pod asks the API, and by which Secrets its images are pulled; certificates of an Ingress; the class of a claim.',
  from: ['Pod', 'Ingress', 'PersistentVolumeClaim'],
  to: ['ServiceAccount', 'Secret', 'StorageClass'],
  law: 'state',
  declaredBy: ['Pod', 'Ingress', 'PersistentVolumeClaim'],
  since: 'first seen',
  dependent: 'from',
  reaches: ['to'],
  properties: {
    role: { type: 'string', optional: true, doc: 'Of a Secret: image-pull or tls.' },
  },
  hub: true,
})
