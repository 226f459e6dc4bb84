import { defineObject } from '../define.ts'

export const podDisruptionBudget = defineObject({
  name: 'PodDisruptionBudget',
  doc: 'How many of some pods may be evicted at once.',
  keyFrom: 'metadata.uid',
  namespaced: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    podSelector: {
      type: 'string',
      optional: true,
      doc: 'As kubectl -l takes it; empty: all pods of the namespace. Absent: none.',
    },
    minAvailable: { type: 'string', optional: true, doc: 'Pods that must stay: a number or a percentage.' },
    maxUnavailable: { type: 'string', optional: true, doc: 'Pods that may be away: a number or a percentage.' },
    disruptionsAllowed: { type: 'int', unit: 'count', optional: true, doc: 'How many may be evicted now.' },
    currentHealthy: { type: 'int', unit: 'count', optional: true, doc: 'Its pods that are ready.' },
    desiredHealthy: { type: 'int', unit: 'count', optional: true, doc: 'Those that must be ready.' },
    expectedPods: { type: 'int', unit: 'count', optional: true, doc: 'All its pods.' },
  },
})
