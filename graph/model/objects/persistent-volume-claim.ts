import { defineObject } from '../define.ts'

export const persistentVolumeClaim = defineObject({
  name: 'PersistentVolumeClaim',
  doc: 'A claim to storage.',
  keyFrom: 'metadata.uid',
  namespaced: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    phase: { type: 'string', doc: 'Pending, Bound or Lost.' },
    storageClass: { type: 'string', optional: true, doc: 'Name of the StorageClass that it asks for.' },
    volumeName: { type: 'string', optional: true, doc: 'The PersistentVolume that it is bound to, or wants.' },
    requestedBytes: {
      type: 'int',
      unit: 'bytes',
      optional: true,
      doc: 'Size that it asks for; 2^53 - 1 where it is more.',
    },
    capacityBytes: { type: 'int', unit: 'bytes', optional: true, doc: 'Size that it has; likewise.' },
    accessModes: { type: 'string[]', optional: true, doc: 'ReadWriteOnce, ...' },
    volumeMode: { type: 'string', optional: true, doc: 'Filesystem or Block.' },
    conditions: {
      type: 'string[]',
      optional: true,
      doc: 'Conditions that hold, as type:reason; FileSystemResizePending, ...',
    },
  },
})
