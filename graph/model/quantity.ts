type Told = string | number | undefined
type Powers = Readonly<Record<string, number>>

const powersOfTen: Powers = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const powersOfTwo: Powers = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }

/**
 * A resource quantity as a whole number of `10 ** -decimals`, as the model's integers are; undefined where it is none. Rounded up, as
 * Kubernetes does (`0.3Gi` is served as `322122547200m`), and as large as those integers go at most. The client's own
 * `quantityToScalar` throws at `1.5Gi`. Form: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
function wholeOf(text: Told, decimals: number): number | undefined {
  const [, digits, exponent, suffix = ''] = /^\+?([\d.]+)(?:[eE]([+-]?\d+)|([a-zA-Z]*))$/.exec(String(text ?? '')) ?? []
  const bits = powersOfTwo[suffix]
  const power = exponent === undefined ? (bits === undefined ? powersOfTen[suffix] : 0) : Number(exponent)
  // With the power in the text, since a product may lie above the whole number that it is: 16.1 * 1000 does.
  const value = Number(`${digits}e${(power ?? Number.NaN) + decimals}`) * 2 ** (bits ?? 0)
  return Number.isNaN(value) ? undefined : Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER)
}

/** A quantity of memory or storage in bytes. */
export const bytesOf = (text: Told): number | undefined => wholeOf(text, 0)

/** A quantity of CPU in thousandths of a core. */
export const millicoresOf = (text: Told): number | undefined => wholeOf(text, 3)
