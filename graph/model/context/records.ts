import type { ContextRecords } from '../define.ts'

/** What lists of a context hold. */
export const records: ContextRecords = {
  OwnerReference: {
    doc: 'One owner of the chain above a pod.',
    fields: {
      kind: { type: 'string', doc: 'Its kind.' },
      name: { type: 'string', doc: 'Its name.' },
      uid: { type: 'string', doc: 'Its UID.' },
    },
  },
  PodCondition: {
    doc: 'A condition of a pod.',
    fields: {
      type: { type: 'string', doc: 'Ready, ContainersReady, PodScheduled, DisruptionTarget, ...' },
      status: { type: 'string', doc: 'True, False or Unknown.' },
      reason: { type: 'string', doc: 'Why, in a word.', optional: true },
    },
  },
  Volume: {
    doc: 'A volume of a pod.',
    fields: {
      name: { type: 'string', doc: 'Its name in the pod.' },
      kind: {
        type: 'string',
        doc: 'configMap, secret, persistentVolumeClaim, emptyDir, hostPath, projected, csi, ...',
      },
      source: {
        type: 'string',
        doc: 'Name of the ConfigMap, Secret or claim; path of a hostPath; driver of a csi volume.',
        optional: true,
      },
    },
  },
  ContainerPort: {
    doc: 'A port of a container.',
    fields: {
      name: { type: 'string', doc: 'Its name.', optional: true },
      port: { type: 'int', doc: 'Its number.', unit: 'port' },
      protocol: { type: 'string', doc: 'TCP, UDP or SCTP.' },
    },
  },
  EnvSource: {
    doc: 'What a part of the environment is taken from.',
    fields: {
      kind: { type: 'string', doc: 'ConfigMap or Secret.' },
      name: { type: 'string', doc: 'Its name.' },
    },
  },
}
