import { SECOND } from '../../../../graph/model/time.ts'
import { defineKind, given, labelsOf, type Raw, timeOf, trimMeta } from '../kind.ts'

/** renewTime is no part of the state: it changes every few seconds. */
export default defineKind({
  path: '/apis/coordination.k8s.io/v1/leases',
  object: 'Lease',
  trim: (raw) => {
    const { holderIdentity, leaseDurationSeconds, acquireTime, leaseTransitions } = (raw as Raw).spec ?? {}
    return {
      ...trimMeta(raw, 'Lease'),
      body: given({
        labels: labelsOf(raw),
        holder: holderIdentity || undefined,
        duration: leaseDurationSeconds && leaseDurationSeconds * SECOND,
        acquiredAt: timeOf(acquireTime),
        transitions: leaseTransitions,
      }),
    }
  },
})
