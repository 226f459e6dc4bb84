const factors: Readonly<Record<string, number>> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
}

/**
 * A resource quantity as a number (of bytes, cores, ...); undefined where it is none. The client's own `quantityToScalar` throws at
 * `1.5Gi`. Form: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function quantityOf(text: string | number | undefined): number | undefined {
  const [, digits, exponent, suffix] = /^([+-]?[\d.]+)(?:[eE]([+-]?\d+)|([a-zA-Z]*))$/.exec(String(text ?? '')) ?? []
  const factor = exponent === undefined ? factors[suffix ?? ''] : 10 ** Number(exponent)
  const value = Number(digits) * (factor ?? Number.NaN)
  return Number.isNaN(value) ? undefined : value
}

/** A quantity of CPU in thousandths of a core. */
export const millicoresOf = (text: string | number | undefined): number | undefined => {
  const cores = quantityOf(text)
  return cores === undefined ? undefined : Math.round(cores * 1000)
}
