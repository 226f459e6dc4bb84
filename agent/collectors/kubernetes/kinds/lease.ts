import { SECOND } from '../../../../graph/model/time.ts'
import { NodeLeases, type Renewed } from '../facts/node-leases.ts'
import { defineKind, given, labelsOf, type Raw, timeOf, trimMeta } from '../kind.ts'

/** renewTime is no part of the state: it changes every few seconds. */
export default defineKind<Renewed>({
  path: '/apis/coordination.k8s.io/v1/leases',
  object: 'Lease',
  tells: ['node-condition-changed'],
  unclaimed: true,
  trim: (raw) => {
    const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = (raw as Raw).spec ?? {}
    const duration: number | undefined = leaseDurationSeconds && leaseDurationSeconds * SECOND
    return {
      ...trimMeta(raw, 'Lease'),
      renewedAt: timeOf(renewTime),
      duration,
      body: given({
        labels: labelsOf(raw),
        holder: holderIdentity || undefined,
        duration,
        acquiredAt: timeOf(acquireTime),
        transitions: leaseTransitions,
      }),
    }
  },
  follow: (marks) => new NodeLeases(marks),
})
