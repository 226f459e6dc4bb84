import { defineObject } from '../define.ts'

export const cluster = defineObject({
  name: 'Cluster',
  doc: 'One Kubernetes cluster, under the name that aitia is configured with.',
  keyFrom: '`cluster:` and the UID of the namespace kube-system, which has the UID itself',
  crowded: true,
  body: {
    version: { type: 'string', optional: true, doc: 'Version of the API server.' },
  },
})
