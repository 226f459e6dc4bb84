import { defineObject } from '../define.ts'

export const horizontalPodAutoscaler = defineObject({
  name: 'HorizontalPodAutoscaler',
  doc: 'What sets the replicas of a workload by metrics.',
  keyFrom: 'metadata.uid',
  namespaced: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    target: { type: 'string', doc: 'Kind/name of what it scales.' },
    minReplicas: { type: 'int', unit: 'count', optional: true, doc: 'Fewest replicas.' },
    maxReplicas: { type: 'int', unit: 'count', doc: 'Most replicas.' },
    currentReplicas: { type: 'int', unit: 'count', optional: true, doc: 'Replicas that it last saw.' },
    desiredReplicas: { type: 'int', unit: 'count', optional: true, doc: 'Replicas that it last wanted.' },
    metrics: {
      type: 'string[]',
      optional: true,
      doc: 'What it goes by, with its target: cpu=80%. Not what was measured, which changes all the time.',
    },
    troubles: {
      type: 'string[]',
      optional: true,
      doc: 'Conditions that keep it from scaling, as type=status:reason: ScalingActive=False:FailedGetResourceMetric, ScalingLimited=True:TooManyReplicas.',
    },
  },
})
