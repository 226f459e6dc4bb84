import { defineCollector } from '../define.ts'

export const kubernetes = defineCollector({
  name: 'kubernetes',
  doc: 'Watches of the API: what the control plane and the kubelets tell.',
  scope: 'cluster',
})
