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
      doc: 'Of the content of each key, in the order of `keys`: the first 32 hex digits of SHA-256.',
    },
    digest: { type: 'string', doc: 'Of all keys and their content.' },
    bytes: { type: 'int', unit: 'bytes', doc: 'Size of its content.' },
    immutable: { type: 'bool', optional: true, doc: 'It can not be changed.' },
  },
})
