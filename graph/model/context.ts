/** What a workload's event means in Kubernetes terms. Built once, in agent/attribution; stored by digest as (:Context). */
import { containerFields } from './context/container.ts'
import { nodeFields } from './context/node.ts'
import { podFields } from './context/pod.ts'
import { records } from './context/records.ts'
import { defineContext } from './define.ts'

export type { K8sContext, OwnerReference } from './generated/types.ts'

export const k8sContext = defineContext({
  name: 'K8sContext',
  doc: 'What an event means in Kubernetes terms, as attribution knew it when it was sent.',
  fields: { ...podFields, ...containerFields, ...nodeFields },
  records,
  leftOut: [
    ['values of the environment, commands, arguments', 'they hold secrets'],
    ['messages of conditions, states and terminations', 'they hold anything, the end of a log included'],
    [
      "times of conditions, heartbeats, a node's conditions and images",
      'each would make a new context without a change that matters; the events that tell of a change have its time',
    ],
    ['resourceVersion, generation, managedFields', 'they change with all else'],
    ['the name of the cluster', 'it is in the key of the context: recordings name no cluster'],
  ],
})
