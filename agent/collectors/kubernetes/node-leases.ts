import { SECOND } from '../../../graph/model/time.ts'
import type { Change } from '../../reflector/handler.ts'
import { type Fact, type Follower, given, type Moment, type NameRef, type Thing } from './kind.ts'

/** What is needed of a Lease. */
export interface Renewed extends Thing {
  /** µs */
  readonly renewedAt: number | undefined
  /** leaseDurationSeconds, µs. */
  readonly duration: number | undefined
}

const namespace = 'kube-node-lease'
/** µs beyond the duration. With the kubelet's 40 s it is as long as the node controller waits (--node-monitor-grace-period). */
const grace = 10 * SECOND

interface Lease {
  readonly node: NameRef
  readonly duration: number
  renewedAt: number
  /** When this renewal was seen, by the clock of this process: that of the node may be wrong. */
  seenAt: number
  stale: boolean
  /** It was already not renewed any more when it was seen first: a run before this one may have told so. */
  found: boolean
}

/** µs within which it has to be renewed. */
const patienceOf = ({ duration }: Pick<Lease, 'duration'>): number => duration + grace

/** Leases of nodes: told is one that is not renewed any more, and when it is again. What is renewed in time tells nothing. */
export class NodeLeases implements Follower<Renewed> {
  readonly #leases = new Map<string, Lease>()
  /** As they were then: they may expire, or be renewed once more, before it is told. */
  #renewed: Lease[] = []

  take({ type, object, observedAt }: Change<Renewed>): void {
    const { uid, ref, renewedAt, duration } = object
    const lease = this.#leases.get(uid)
    if (type === 'deleted') this.#leases.delete(uid)
    if (type === 'deleted' || ref.namespace !== namespace || renewedAt === undefined || !duration) return
    if (!lease) {
      const node: NameRef = { kind: 'Node', namespace: '', name: ref.name ?? '' }
      const found = observedAt - renewedAt > patienceOf({ duration })
      this.#leases.set(uid, { node, duration, renewedAt, seenAt: observedAt, stale: false, found })
    } else if (renewedAt !== lease.renewedAt) {
      // By the clock of the node alone: one that is behind makes a Lease look old.
      const wasFound = lease.found && renewedAt - lease.renewedAt > patienceOf(lease)
      const isAgain = lease.stale || wasFound
      Object.assign(lease, { renewedAt, seenAt: observedAt, stale: false, found: false })
      if (isAgain) this.#renewed.push({ ...lease })
    }
  }

  facts({ seenUntil = 0, resolve }: Moment): Fact[] {
    const expired = [...this.#leases.values()].filter(
      // Of a node that is not known it can't be told: it is once the node is.
      (lease) => !lease.stale && seenUntil - lease.seenAt > patienceOf(lease) && !resolve(lease.node).missing,
    )
    for (const lease of expired) lease.stale = true
    const renewed = this.#renewed
    this.#renewed = []
    return [
      ...renewed.flatMap((lease) => told(lease, lease.renewedAt, resolve(lease.node))),
      ...expired.flatMap((lease) => told(lease, lease.renewedAt + lease.duration, resolve(lease.node))),
    ]
  }
}

function told({ stale, renewedAt, duration }: Lease, at: number, object: ReturnType<Moment['resolve']>): Fact[] {
  if (object.missing) return []
  const [status, previous] = stale ? (['False', 'True'] as const) : (['True', 'False'] as const)
  const message = stale ? `not renewed for ${duration / SECOND} s` : undefined
  return [
    {
      kind: 'node-condition-changed',
      id: `node-condition-changed/${object.key}/Lease/${status}/${renewedAt}`,
      at,
      uncertainty: SECOND,
      object,
      fields: {
        ...{ condition: 'Lease', status, previous, reason: stale ? 'Expired' : 'Renewed' },
        ...given({ message }),
      },
    },
  ]
}
