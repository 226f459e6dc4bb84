import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const nodeConditionChanged = defineEvent({
  name: 'node-condition-changed',
  collector: 'kubernetes',
  doc: 'A condition of a node changed, or its Lease went stale or was renewed again; renewals in time tell nothing, but for the first that a collector sees which does not know what was told before.',
  hook: 'Node status.conditions; Lease spec.renewTime in kube-node-lease',
  about: ['Node'],
  origin: 'kubelet.node-status',
  delay: 60 * SECOND,
  lasts: ['objectKey', 'condition'],
  compared: { condition: 'Lease' },
  fields: {
    condition: { type: 'string', doc: 'Ready, MemoryPressure, DiskPressure, ...; Lease: it is renewed in time.' },
    status: { type: 'string', doc: 'True, False or Unknown.' },
    previous: { type: 'string', optional: true, doc: 'Status before, where it was seen.' },
    reason: { type: 'string', doc: 'Why, as the kubelet says; of a Lease Expired or Renewed.' },
    message: { type: 'string', optional: true, doc: 'The same in words.' },
  },
})
