import { defineObject } from '../define.ts'

export const configMap = defineObject({
  name: 'ConfigMap',
  doc: 'Settings that pods read. Its content stays in the cluster.',
  keyFrom: 'metadata.uid',
  namespaced: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    keys: { type: 'string[]', doc: 'Names of its keys, of data and binaryData; sorted.' },
    digests: {
      type: 'string[]',
      optional: true,
      doc: 'Of the content of each key, in the order of `keys`: the first 32 hex digits of SHA-256.',
    },
    digest: { type: 'string', optional: true, doc: 'Of all keys and their content.' },
    bytes: { type: 'int', unit: 'bytes', optional: true, doc: 'Size of its content.' },
    rewritten: {
      type: 'bool',
      optional: true,
      doc: 'It is rewritten every few seconds, with the time in it, as the status of the cluster autoscaler is. Then nothing is told of its content: no digests, no size, no change.',
    },
    immutable: { type: 'bool', optional: true, doc: 'It can not be changed.' },
  },
})
