import { defineObject } from '../define.ts'

export const pod = defineObject({
  name: 'Pod',
  doc: 'A pod.',
  keyFrom:
    'metadata.uid; for a static pod the hash by which its kubelet names it (annotation config.mirror of its mirror)',
  namespaced: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    phase: { type: 'string', doc: 'Pending, Running, Succeeded, Failed, Unknown.' },
    ready: { type: 'bool', doc: 'Status of the Ready condition.' },
    nodeName: { type: 'string', optional: true, doc: 'Where it was scheduled.' },
    podIps: { type: 'string[]', optional: true, doc: 'Its addresses.' },
    hostNetwork: { type: 'bool', optional: true, doc: 'It uses the addresses of its node.' },
    qosClass: { type: 'string', optional: true, doc: 'Guaranteed, Burstable or BestEffort.' },
    restartPolicy: { type: 'string', optional: true, doc: 'Always, OnFailure or Never.' },
    containers: {
      type: 'string[]',
      optional: true,
      doc: 'One entry a container: name=role:memoryLimit (bytes, or - where none is set):restartCount.',
    },
  },
})
