import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const kubernetesEvent = defineEvent({
  name: 'kubernetes-event',
  collector: 'kubernetes',
  doc: 'An Event object of the API, but for routine that states tell already (Scheduled, Pulled, Started, ...). Merged by its reporter: with count > 1 it is the interval [at, lastAt].',
  hook: 'core/v1 Event',
  about: [
    'Pod',
    'Workload',
    'Node',
    'Service',
    'Namespace',
    'Ingress',
    'NetworkPolicy',
    'ConfigMap',
    'Secret',
    'PersistentVolumeClaim',
    'PersistentVolume',
    'StorageClass',
    'HorizontalPodAutoscaler',
    'PodDisruptionBudget',
    'ServiceAccount',
    'Lease',
    'EndpointSlice',
  ],
  origin: 'api.event',
  delay: 10 * SECOND,
  bestEffort: true,
  fields: {
    reason: { type: 'string', doc: 'BackOff, FailedScheduling, ...' },
    eventType: { type: 'string', doc: 'Normal or Warning.' },
    message: { type: 'string', doc: 'The text, cut at 1,024 characters.' },
    count: { type: 'int', unit: 'count', doc: 'How often, as merged by the reporter.' },
    lastAt: { type: 'int', unit: 'µs since the epoch', doc: 'Last time of the merged series.' },
    component: { type: 'string', doc: 'Who reported it.' },
  },
})
