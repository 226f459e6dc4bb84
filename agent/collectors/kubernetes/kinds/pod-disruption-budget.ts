import { selectorOf, selectorText } from '../facts/selector.ts'
import { defineKind, given, labelsOf, type Raw, trimMeta } from '../kind.ts'

export default defineKind({
  path: '/apis/policy/v1/poddisruptionbudgets',
  object: 'PodDisruptionBudget',
  trim: (raw) => {
    const { spec = {}, status = {} } = raw as Raw
    const { minAvailable, maxUnavailable, selector } = spec
    const { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods } = status
    return {
      ...trimMeta(raw, 'PodDisruptionBudget'),
      body: given({
        labels: labelsOf(raw),
        podSelector: selector && selectorText(selectorOf(selector)),
        minAvailable: minAvailable?.toString(),
        maxUnavailable: maxUnavailable?.toString(),
        ...{ disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods },
      }),
    }
  },
})
