import { defineObject } from '../define.ts'

export const networkPolicy = defineObject({
  name: 'NetworkPolicy',
  doc: 'Which connections the pods that it selects may have.',
  keyFrom: 'metadata.uid',
  namespaced: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    podSelector: { type: 'string', doc: 'As kubectl -l takes it; empty: all pods of the namespace.' },
    policyTypes: { type: 'string[]', doc: 'Ingress, Egress: directions in which all is refused that no rule allows.' },
    ingressRules: {
      type: 'string[]',
      optional: true,
      doc: 'What may come in, a text a rule: from whom, to which ports. None: nothing may.',
    },
    egressRules: {
      type: 'string[]',
      optional: true,
      doc: 'What may go out, a text a rule: to whom, to which ports. None: nothing may.',
    },
  },
})
