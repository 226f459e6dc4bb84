import { defineObject } from '../define.ts'

export const lease = defineObject({
  name: 'Lease',
  doc: 'Who holds an office: a leader, or a node that is alive. Its renewals make no states.',
  keyFrom: 'metadata.uid',
  namespaced: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    holder: { type: 'string', optional: true, doc: 'Identity of the holder.' },
    duration: { type: 'int', unit: 'µs', optional: true, doc: 'For how long it holds without a renewal.' },
    acquiredAt: { type: 'int', unit: 'µs since the epoch', optional: true, doc: 'When the holder got it.' },
    transitions: { type: 'int', unit: 'count', optional: true, doc: 'How often it changed hands.' },
  },
})
