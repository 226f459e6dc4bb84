import type { StoredEvent } from '../stored.ts'
import type { Words } from '../words.ts'

const BEGAN: Readonly<Record<string, string>> = {
  Available: 'unavailable',
  Progressing: 'rollout stalls',
  ReplicaFailure: 'can not make pods',
  Failed: 'failed',
}
const OVER: Readonly<Record<string, string>> = {
  Available: 'available',
  Progressing: 'rollout goes on',
  ReplicaFailure: 'makes pods again',
}

const stands = ({ condition, recovered }: StoredEvent<'workload-unavailable'>): string =>
  (recovered ? OVER : BEGAN)[condition] ?? `${condition} ${recovered ? 'is well again' : 'is not well'}`

export default {
  title: 'workload',
  summary: (event) => {
    const { replicas, availableReplicas, previousAvailableReplicas, reason } = event
    const before = previousAvailableReplicas === undefined ? '' : `, before ${previousAvailableReplicas}`
    const counts =
      replicas === undefined || availableReplicas === undefined
        ? ''
        : ` (${availableReplicas} of ${replicas} available${before})`
    return `${stands(event)}${reason === undefined || event.recovered ? '' : `: ${reason}`}${counts}`
  },
} satisfies Words<'workload-unavailable'>
