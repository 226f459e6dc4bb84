import { defineObject } from '../define.ts'

export const address = defineObject({
  name: 'Address',
  doc: 'An IP address.',
  keyFrom: 'the address in canonical form (RFC 5952 for IPv6)',
  body: {
    family: { type: 'string', optional: true, doc: 'IPv4 or IPv6.' },
  },
})
