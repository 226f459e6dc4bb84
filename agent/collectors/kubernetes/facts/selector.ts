import type { Raw } from '../kind.ts'

interface Requirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values: readonly string[]
}

/** What labels must meet; of none all do. */
export type Selector = readonly Requirement[]

/** A LabelSelector of the API: of matchLabels and matchExpressions all must hold. */
export const selectorOf = ({ matchLabels = {}, matchExpressions = [] }: Raw): Selector => [
  ...Object.entries<string>(matchLabels).map(([key, value]): Requirement => ({ key, operator: 'In', values: [value] })),
  ...matchExpressions.map(({ key, operator, values }: Raw): Requirement => ({ key, operator, values: values ?? [] })),
]

/**
 * Whether labels (`key=value`, as bodies hold them) meet a selector. What lacks a key is not in any values:
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export const selects = (selector: Selector, labels: readonly string[]): boolean =>
  selector.every(({ key, operator, values }) => {
    const value = labels.find((label) => label.startsWith(`${key}=`))?.slice(key.length + 1)
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value)
      case 'NotIn':
        return value === undefined || !values.includes(value)
      case 'Exists':
        return value !== undefined
      case 'DoesNotExist':
        return value === undefined
      default:
        // Of a newer server, whose meaning nobody here knows.
        return false
    }
  })

/** As `kubectl -l` takes it. */
export const selectorText = (selector: Selector): string => selector.map(textOf).sort().join(',')

function textOf({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'Exists':
      return key
    case 'DoesNotExist':
      return `!${key}`
    default:
      return operator === 'In' && values.length === 1
        ? `${key}=${values[0]}`
        : `${key} ${operator.toLowerCase()} (${[...values].sort().join(',')})`
  }
}
