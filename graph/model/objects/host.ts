import { defineObject } from '../define.ts'

export const host = defineObject({
  name: 'Host',
  doc: 'A machine as its own witnesses know it, also while the API is away.',
  keyFrom: '/etc/machine-id; for a node of which only the API tells, its machineID',
  crowded: true,
  body: {
    hostname: { type: 'string', optional: true, doc: 'Its host name.' },
    kernel: { type: 'string', optional: true, doc: 'Release of its kernel.' },
  },
})
