import type { EventFields } from '../../../../graph/model/generated/types.ts'
import type { ObjectRef } from '../../../../graph/model/observation.ts'
import { SECOND } from '../../../../graph/model/time.ts'
import type { Change } from '../../../reflector/handler.ts'
import type { Fact, Follower, Marks, Moment, NameRef, Thing, UnseenSpan } from '../kind.ts'
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
  duration: number
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
  /** Those that are fresh, and those of which it turned out not to be known what was told last: told once they are renewed. */
  readonly #open = new Set<Lease>()
  /** Those of them of which there is news since it was asked last. */
  readonly #news = new Set<Lease>()
  #renewed: Renewal[] = []
  /** Up to when all was taken in: what comes now is not of before it, whatever the clock says. */
  #seenUntil = 0

  constructor(marks: Marks) {
    this.#marks = marks
  }

  take({ type, object, observedAt }: Change<Renewed>): void {
    const { uid, ref, renewedAt, duration } = object
    const seenAt = Math.max(observedAt, this.#seenUntil)
    const known = this.#leases.get(uid)
    if (type === 'deleted') {
      this.#leases.delete(uid)
      if (known) for (const leases of [this.#open, this.#news]) leases.delete(known)
    }
    if (type === 'deleted' || ref.namespace !== namespace || renewedAt === undefined || !duration) return
    if (!known) {
      const node: NameRef = { kind: 'Node', namespace: '', name: ref.name ?? '' }
      const found = observedAt - renewedAt > patienceOf({ duration })
      const lease: Lease = { node, duration, renewedAt, seenAt, stale: false, found, fresh: true }
      this.#leases.set(uid, lease)
      this.#opens(lease)
    } else if (renewedAt !== known.renewedAt) {
      // By the clock of the node alone: one that is behind makes a Lease look old.
      const wasFound = known.found && renewedAt - known.renewedAt > patienceOf(known)
      const isAgain = !known.fresh && (known.stale || wasFound)
      const before = known.renewedAt
      Object.assign(known, { renewedAt, duration, seenAt, stale: false, found: false })
      if (this.#open.has(known)) this.#news.add(known)
      if (isAgain) this.#renewed.push({ lease: known, before, from: renewedAt, to: renewedAt + SECOND })
    }
  }

  #opens(lease: Lease): void {
    this.#open.add(lease)
    this.#news.add(lease)
  }

  /**
   * Nearly each renewal is a batch of its own, so that after one only that is looked at of which it brought news; what time alone
   * shows, and whose node may be known by now, is found as time passes.
   */
  facts({ isTimed, seenUntil = 0, resolve }: Moment): Fact[] {
    this.#seenUntil = seenUntil
    // Of a node that is not known it can't be told: that it is stale is told once the node is.
    const nodeOf = ({ node }: Lease): ObjectRef | undefined => {
      const object = resolve(node)
      return isPlaceholder(object) || !this.#marks.has(object.key) ? undefined : object
    }
    const withNode = <T extends { readonly lease: Lease }>(each: T) => {
      const node = nodeOf(each.lease)
      return node ? [{ ...each, node }] : []
    }
    const open = [...(isTimed ? this.#open : this.#news)].flatMap((lease) => withNode({ lease }))
    const found = open.filter(({ lease }) => lease.fresh).flatMap(({ lease, node }) => this.#found(lease, node))
    const renewed = [...found, ...this.#renewed.flatMap(withNode)]
    this.#news.clear()
    this.#renewed = []
    for (const { lease, node } of renewed) this.#tells(lease, node, null)
    const isExpired = (lease: Lease) => !lease.stale && seenUntil - lease.seenAt > patienceOf(lease)
    const late = isTimed ? [...this.#leases.values()].filter(isExpired) : []
    const expired = late.flatMap((lease) => withNode({ lease }))
    for (const { lease, node } of expired) {
      lease.stale = true
      this.#tells(lease, node, lease.renewedAt)
    }
    const first = open.filter(({ lease }) => this.#open.has(lease) && !lease.found && !isExpired(lease))
    for (const { lease, node } of first) this.#tells(lease, node, null)
    return [...renewed.map(renewalOf), ...first.map(firstOf), ...expired.map(expiryOf)]
  }

  /** One that is seen first, of a node whose Lease was told to be stale: it was renewed, or made anew, and may have been more than once. */
  #found(lease: Lease, node: ObjectRef): (Renewal & Of)[] {
    const before = this.#marks.mark(node.key)
    lease.fresh = false
    lease.stale = before === lease.renewedAt
    if (before !== undefined) this.#open.delete(lease)
    if (typeof before !== 'number' || lease.stale) return []
    const { renewedAt, duration } = lease
    const from = Math.min(renewedAt, Math.max(before + duration, this.#marks.since))
    return [{ lease, node, before, from, to: renewedAt + SECOND }]
  }

  anew(): void {
    for (const lease of this.#leases.values()) {
      Object.assign(lease, { fresh: true, stale: false })
      this.#opens(lease)
    }
  }

  /** The mark is null where it is renewed. */
  #tells(lease: Lease, { key }: ObjectRef, mark: number | null): void {
    this.#open.delete(lease)
    this.#marks.setMark(key, mark)
  }
}

/** Whose Lease it is. */
interface Of {
  readonly lease: Lease
  readonly node: ObjectRef
}

const renewalOf = ({ node, before, from, to }: Renewal & Of): Fact =>
  factOf(node, before, { from, to }, { status: 'True', previous: 'False', reason: 'Renewed' })

/** By another id than that of a renewal that ended a time in which it was stale: which that was, if it was, is not known. */
const firstOf = ({ node, lease: { renewedAt } }: Of): Fact =>
  factOf(node, `first/${renewedAt}`, { from: renewedAt, to: renewedAt + SECOND }, { status: 'True', reason: 'Renewed' })

const expiryOf = ({ node, lease: { renewedAt, duration } }: Of): Fact => {
  const from = renewedAt + duration
  const message = `not renewed for ${duration / SECOND} s`
  const fields = { status: 'False', previous: 'True', reason: 'Expired', message }
  return factOf(node, renewedAt, { from, to: from + SECOND }, fields)
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
