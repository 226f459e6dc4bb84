const digits = /^\d+$/

/**
 * Below, at or above zero as resourceVersion `a` is older than, equal to or newer than `b`; undefined where nothing is known but that
 * they differ. Versions of one kind on one server compare as numbers, here as digits, since they have 64 bits.
 */
export function compareVersions(a: string, b: string): number | undefined {
  if (a === b) return 0
  if (!digits.test(a) || !digits.test(b)) return undefined
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : 1
}

/** Whether `a` is newer than `b`; of two that do not compare, what comes later is taken as newer. */
export const isNewer = (a: string, b: string): boolean => (compareVersions(a, b) ?? 1) > 0
