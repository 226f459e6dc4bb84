import { defineRelation } from '../define.ts'

// (Pod)-[:MOUNTS]->(ConfigMap|Secret|PersistentVolumeClaim)
export const mounts = defineRelation({
  name: 'MOUNTS',
  doc: 'A volume of a pod holds what is in another object: one relation a volume and object. A projected volume may hold several.',
  from: ['Pod'],
  to: ['ConfigMap', 'Secret', 'PersistentVolumeClaim'],
  law: 'state',
  declaredBy: ['Pod'],
  since: 'first seen',
  dependent: 'from',
  reaches: ['to'],
  properties: {
    volume: { type: 'string', doc: "Name in the pod's spec." },
    keys: { type: 'string[]', optional: true, doc: 'Keys that are taken, sorted. Absent: all.' },
    paths: {
      type: 'string[]',
      doc: 'Where containers have it: container:path, and =part where only that part of the volume (subPath) is there, which never follows a change. Sorted.',
    },
    optional: { type: 'bool', doc: 'The pod starts also without it. A claim never is.' },
  },
  hub: true,
})
