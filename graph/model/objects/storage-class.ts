import { defineObject } from '../define.ts'

export const storageClass = defineObject({
  name: 'StorageClass',
  doc: 'How storage is made that a claim asks for.',
  keyFrom: 'metadata.uid',
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    provisioner: { type: 'string', doc: 'Who makes it.' },
    reclaimPolicy: { type: 'string', optional: true, doc: 'Retain or Delete.' },
    bindingMode: { type: 'string', optional: true, doc: 'Immediate or WaitForFirstConsumer.' },
    allowExpansion: { type: 'bool', optional: true, doc: 'Its volumes may grow.' },
    isDefault: { type: 'bool', optional: true, doc: 'It is taken for claims that name none.' },
  },
})
