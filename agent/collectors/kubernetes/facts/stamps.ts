import { SECOND } from '../../../../graph/model/time.ts'
import type { RawObject } from '../../../reflector/list.ts'
import { type Raw, type Sighting, type Trimmed, timeOf } from '../kind.ts'

/** What tells when the status of an object was last written. */
export interface Written {
  /** µs, where the server tells. */
  readonly statusAt: number | undefined
}

/** When the status was last written, µs, as the server noted for each of its writers. */
export function statusWrittenAt(raw: RawObject): number | undefined {
  const times = ((raw.metadata.managedFields ?? []) as Raw[])
    .filter(({ subresource }) => subresource === 'status')
    .map(({ time }) => timeOf(time) ?? 0)
  return times.length ? Math.max(...times) : undefined
}

/**
 * What has no stamp happened after what is known to have been before it (the end of a run, the status that did not show it
 * yet) and before the status was written that shows it.
 */
export function unstamped(
  { createdAt, statusAt }: Written & Pick<Trimmed, 'createdAt'>,
  { observedAt, previous }: Pick<Sighting<Written>, 'observedAt' | 'previous'>,
  after = 0,
): { at: number; uncertainty: number } {
  const at = Math.min(observedAt, Math.max(createdAt, after, previous?.statusAt ?? 0))
  const until = statusAt === undefined ? observedAt : Math.min(observedAt, statusAt + SECOND)
  return { at, uncertainty: Math.max(0, until - at) }
}
