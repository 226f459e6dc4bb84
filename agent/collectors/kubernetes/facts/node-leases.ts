import type { EventFields } from '../../../../graph/model/generated/types.ts'
import type { ObjectRef } from '../../../../graph/model/observation.ts'
import { SECOND } from '../../../../graph/model/time.ts'
import type { Change } from '../../../reflector/handler.ts'
import type { Fact, Follower, Marks, Moment, NameRef, Resolve, Thing, UnseenSpan } from '../kind.ts'
import { isPlaceholder } from '../names.ts'

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
  readonly key: string
  readonly node: NameRef
  readonly duration: number
  renewedAt: number
  /** When this renewal was seen, by the clock of this process: that of the node may be wrong. */
  seenAt: number
  stale: boolean
  /** It was already not renewed any more when it was seen first: a run before this one may have told so. */
  found: boolean
}

/** One that was stale and is not any more. */
interface Renewal extends UnseenSpan {
  readonly lease: Lease
  /** The last renewal before it was stale, µs: whoever tells of the end of that names it by this. */
  readonly before: number
}

/** µs within which it has to be renewed. */
const patienceOf = ({ duration }: Pick<Lease, 'duration'>): number => duration + grace

/** Leases of nodes: told is one that is not renewed any more, and when it is again. What is renewed in time tells nothing. */
export class NodeLeases implements Follower<Renewed> {
  readonly #leases = new Map<string, Lease>()
  /** The last renewal of each that was told to be stale. */
  readonly #marks: Marks
  /** As they were then: they may expire, or be renewed once more, before it is told. */
  #renewed: Renewal[] = []

  constructor(marks: Marks) {
    this.#marks = marks
  }

  take({ type, object, observedAt }: Change<Renewed>): void {
    const { uid, ref, renewedAt, duration } = object
    const lease = this.#leases.get(uid)
    if (type === 'deleted') this.#leases.delete(uid)
    if (type === 'deleted' || ref.namespace !== namespace || renewedAt === undefined || !duration) return
    if (!lease) {
      const node: NameRef = { kind: 'Node', namespace: '', name: ref.name ?? '' }
      const found = observedAt - renewedAt > patienceOf({ duration })
      const told = this.#marks.mark(ref.key)
      const stale = told === renewedAt
      const fresh = { key: ref.key, node, duration, renewedAt, seenAt: observedAt, stale, found }
      this.#leases.set(uid, fresh)
      if (told === undefined || stale) return
      // It was renewed while nobody watched, and may have been more than once.
      const from = Math.min(renewedAt, Math.max(told + duration, this.#marks.since))
      this.#renewed.push({ lease: { ...fresh }, before: told, from, to: renewedAt + SECOND })
    } else if (renewedAt !== lease.renewedAt) {
      // By the clock of the node alone: one that is behind makes a Lease look old.
      const wasFound = lease.found && renewedAt - lease.renewedAt > patienceOf(lease)
      const isAgain = lease.stale || wasFound
      const before = lease.renewedAt
      Object.assign(lease, { renewedAt, seenAt: observedAt, stale: false, found: false })
      if (isAgain) this.#renewed.push({ lease: { ...lease }, before, from: renewedAt, to: renewedAt + SECOND })
    }
  }

  facts({ seenUntil = 0, resolve }: Moment): Fact[] {
    // Of a node that is not known it can't be told: that it is stale is told once the node is.
    const isKnown = ({ node }: Lease) => !isPlaceholder(resolve(node))
    const renewed = this.#renewed.filter(({ lease }) => isKnown(lease))
    this.#renewed = []
    for (const { lease } of renewed) this.#marks.setMark(lease.key, undefined)
    const expired = [...this.#leases.values()].filter(
      (lease) => !lease.stale && seenUntil - lease.seenAt > patienceOf(lease) && isKnown(lease),
    )
    for (const lease of expired) {
      lease.stale = true
      this.#marks.setMark(lease.key, lease.renewedAt)
    }
    return [
      ...renewed.map((renewal) => renewalOf(renewal, resolve)),
      ...expired.map((lease) => expiryOf(lease, resolve)),
    ]
  }
}

const renewalOf = ({ lease, before, from, to }: Renewal, resolve: Resolve): Fact =>
  factOf(resolve(lease.node), before, { from, to }, { status: 'True', previous: 'False', reason: 'Renewed' })

const expiryOf = ({ node, renewedAt, duration }: Lease, resolve: Resolve): Fact => {
  const from = renewedAt + duration
  const message = `not renewed for ${duration / SECOND} s`
  const fields = { status: 'False', previous: 'True', reason: 'Expired', message }
  return factOf(resolve(node), renewedAt, { from, to: from + SECOND }, fields)
}

/** `renewedAt`: the last renewal before it was stale. */
const factOf = (
  object: ObjectRef,
  renewedAt: number,
  { from, to }: UnseenSpan,
  fields: Omit<EventFields['node-condition-changed'], 'condition'>,
): Fact => ({
  kind: 'node-condition-changed',
  id: `node-condition-changed/${object.key}/Lease/${fields.status}/${renewedAt}`,
  at: from,
  uncertainty: to - from,
  object,
  fields: { condition: 'Lease', ...fields },
})
