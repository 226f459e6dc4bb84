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
  readonly node: NameRef
  readonly duration: number
  renewedAt: number
  /** When this renewal was seen, by the clock of this process (that of the node may be wrong), which may have been set back. */
  seenAt: number
  stale: boolean
  /** It was already not renewed any more when it was seen first: a run before this one may have told so. */
  found: boolean
  /** Whether one before it, of this run or another, was told to be stale is still to be looked up. */
  fresh: boolean
}

/** One that was stale and is not any more. */
interface Renewal extends UnseenSpan {
  readonly lease: Lease
  /** The last renewal before it was stale, µs: whoever tells of the end of that names it by this. */
  readonly before: number
}

/** µs within which it has to be renewed. */
const patienceOf = ({ duration }: Pick<Lease, 'duration'>): number => duration + grace

/**
 * Leases of nodes: told is one that is not renewed any more, and when it is again. What is renewed in time tells nothing, but for the
 * first time: who does not know what was told of it last can't know either that nobody waits for its renewal.
 */
export class NodeLeases implements Follower<Renewed> {
  readonly #leases = new Map<string, Lease>()
  /** Of each node whose Lease was told to be stale the last renewal: the Lease may be made anew, and what was told is of the node. */
  readonly #marks: Marks
  /** Nodes of which it is not known what was told last. */
  readonly #unknown = new Set<string>()
  /** As they were then: they may expire, or be renewed once more, before it is told. */
  #renewed: Renewal[] = []
  /** Up to when all was taken in: what comes now is not of before it, whatever the clock says. */
  #seenUntil = 0

  constructor(marks: Marks) {
    this.#marks = marks
  }

  take({ type, object, observedAt }: Change<Renewed>): void {
    const { uid, ref, renewedAt, duration } = object
    const seenAt = Math.max(observedAt, this.#seenUntil)
    const lease = this.#leases.get(uid)
    if (type === 'deleted') this.#leases.delete(uid)
    if (type === 'deleted' || ref.namespace !== namespace || renewedAt === undefined || !duration) return
    if (!lease) {
      const node: NameRef = { kind: 'Node', namespace: '', name: ref.name ?? '' }
      const found = observedAt - renewedAt > patienceOf({ duration })
      this.#leases.set(uid, { node, duration, renewedAt, seenAt, stale: false, found, fresh: true })
    } else if (renewedAt !== lease.renewedAt) {
      // By the clock of the node alone: one that is behind makes a Lease look old.
      const wasFound = lease.found && renewedAt - lease.renewedAt > patienceOf(lease)
      const isAgain = !lease.fresh && (lease.stale || wasFound)
      const before = lease.renewedAt
      Object.assign(lease, { renewedAt, seenAt, stale: false, found: false })
      if (isAgain) this.#renewed.push({ lease: { ...lease }, before, from: renewedAt, to: renewedAt + SECOND })
    }
  }

  /** One that is seen first, of a node whose Lease was told to be stale: it was renewed, or made anew, and may have been more than once. */
  #found(lease: Lease, node: string): Renewal[] {
    const before = this.#marks.mark(node)
    lease.fresh = false
    lease.stale = before === lease.renewedAt
    if (before === undefined) this.#unknown.add(node)
    if (typeof before !== 'number' || lease.stale) return []
    const { renewedAt, duration } = lease
    const from = Math.min(renewedAt, Math.max(before + duration, this.#marks.since))
    return [{ lease: { ...lease }, before, from, to: renewedAt + SECOND }]
  }

  facts({ seenUntil = 0, resolve }: Moment): Fact[] {
    this.#seenUntil = seenUntil
    const keyOf = ({ node }: Lease) => resolve(node).key
    // Of a node that is not known it can't be told: that it is stale is told once the node is.
    const isKnown = (lease: Lease) => !isPlaceholder(resolve(lease.node)) && this.#marks.has(keyOf(lease))
    const known = [...this.#leases.values()].filter(isKnown)
    const found = known.filter(({ fresh }) => fresh).flatMap((lease) => this.#found(lease, keyOf(lease)))
    const renewed = [...found, ...this.#renewed.filter(({ lease }) => isKnown(lease))]
    this.#renewed = []
    for (const { lease } of renewed) this.#tells(keyOf(lease), null)
    const expired = known.filter((lease) => !lease.stale && seenUntil - lease.seenAt > patienceOf(lease))
    for (const lease of expired) {
      lease.stale = true
      this.#tells(keyOf(lease), lease.renewedAt)
    }
    const first = known.filter((lease) => !lease.stale && !lease.found && this.#unknown.has(keyOf(lease)))
    for (const lease of first) this.#tells(keyOf(lease), null)
    return [
      ...renewed.map((renewal) => renewalOf(renewal, resolve)),
      ...first.map((lease) => firstOf(lease, resolve)),
      ...expired.map((lease) => expiryOf(lease, resolve)),
    ]
  }

  anew(): void {
    for (const lease of this.#leases.values()) Object.assign(lease, { fresh: true, stale: false })
  }

  /** The mark is null where it is renewed. */
  #tells(node: string, mark: number | null): void {
    this.#unknown.delete(node)
    this.#marks.setMark(node, mark)
  }
}

const renewalOf = ({ lease, before, from, to }: Renewal, resolve: Resolve): Fact =>
  factOf(resolve(lease.node), before, { from, to }, { status: 'True', previous: 'False', reason: 'Renewed' })

/** By another id than that of a renewal that ended a time in which it was stale: which that was, if it was, is not known. */
const firstOf = ({ node, renewedAt }: Lease, resolve: Resolve): Fact =>
  factOf(
    resolve(node),
    `first/${renewedAt}`,
    { from: renewedAt, to: renewedAt + SECOND },
    { status: 'True', reason: 'Renewed' },
  )

const expiryOf = ({ node, renewedAt, duration }: Lease, resolve: Resolve): Fact => {
  const from = renewedAt + duration
  const message = `not renewed for ${duration / SECOND} s`
  const fields = { status: 'False', previous: 'True', reason: 'Expired', message }
  return factOf(resolve(node), renewedAt, { from, to: from + SECOND }, fields)
}

/** `which`: the last renewal before it was stale. */
const factOf = (
  object: ObjectRef,
  which: number | string,
  { from, to }: UnseenSpan,
  fields: Omit<EventFields['node-condition-changed'], 'condition'>,
): Fact => ({
  kind: 'node-condition-changed',
  id: `node-condition-changed/${object.key}/Lease/${fields.status}/${which}`,
  at: from,
  uncertainty: to - from,
  object,
  fields: { condition: 'Lease', ...fields },
})
