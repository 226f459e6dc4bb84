import { defineRelation } from '../define.ts'

// (Pod)-[:READS_ENV_FROM]->(ConfigMap|Secret)
export const readsEnvFrom = defineRelation({
  name: 'READS_ENV_FROM',
  doc: 'The environment of a container is made of keys of another object, as they are when it starts: one relation a container and object, or two where some keys are optional.',
  from: ['Pod'],
  to: ['ConfigMap', 'Secret'],
  law: 'state',
  declaredBy: ['Pod'],
  since: 'first seen',
  dependent: 'from',
  reaches: ['to'],
  properties: {
    containerName: { type: 'string', doc: 'Init, sidecar and ephemeral containers too.' },
    keys: {
      type: 'string[]',
      optional: true,
      doc: 'Keys that are taken by name (valueFrom), sorted. Absent: all (envFrom).',
    },
    optional: { type: 'bool', doc: 'The container starts also without the object or the keys.' },
  },
  hub: true,
})
