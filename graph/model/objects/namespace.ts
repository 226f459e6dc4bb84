import { defineObject } from '../define.ts'

export const namespace = defineObject({
  name: 'Namespace',
  doc: 'A namespace.',
  keyFrom: 'metadata.uid',
  crowded: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    phase: { type: 'string', optional: true, doc: 'Active or Terminating.' },
  },
})
