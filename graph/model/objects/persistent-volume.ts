import { defineObject } from '../define.ts'

export const persistentVolume = defineObject({
  name: 'PersistentVolume',
  doc: 'A piece of storage.',
  keyFrom: 'metadata.uid',
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    phase: { type: 'string', doc: 'Pending, Available, Bound, Released or Failed.' },
    reason: { type: 'string', optional: true, doc: 'Why it is in this phase, where its controller tells.' },
    storageClass: { type: 'string', optional: true, doc: 'Name of its StorageClass.' },
    capacityBytes: { type: 'int', unit: 'bytes', optional: true, doc: 'Its size; 2^53 - 1 where it is more.' },
    accessModes: { type: 'string[]', optional: true, doc: 'ReadWriteOnce, ...' },
    reclaimPolicy: {
      type: 'string',
      optional: true,
      doc: 'What becomes of it once it is released: Retain, Delete or Recycle.',
    },
    claim: { type: 'string', optional: true, doc: 'namespace/name of the claim that it belongs to.' },
    driver: {
      type: 'string',
      optional: true,
      doc: 'CSI driver, or the kind of source that it has in spec: hostPath, nfs, local, ...',
    },
    handle: { type: 'string', optional: true, doc: 'Its name for the CSI driver.' },
  },
})
