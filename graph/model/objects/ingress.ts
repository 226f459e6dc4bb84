import { defineObject } from '../define.ts'

export const ingress = defineObject({
  name: 'Ingress',
  doc: 'Rules by which HTTP from outside reaches Services.',
  keyFrom: 'metadata.uid',
  namespaced: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    ingressClass: { type: 'string', optional: true, doc: 'Who is to serve it.' },
    rules: { type: 'string[]', doc: 'One entry a backend: host/path -> service:port, with * for any host; sorted.' },
    tlsSecrets: { type: 'string[]', optional: true, doc: 'Names of the Secrets with its certificates.' },
    addresses: {
      type: 'string[]',
      optional: true,
      doc: 'Where it is served: IP addresses and host names, as its controller tells.',
    },
  },
})
