import { defineObject } from '../define.ts'

export const secret = defineObject({
  name: 'Secret',
  doc: 'What pods read and nobody else may: of its content nothing is here but the names of its keys.',
  keyFrom: 'metadata.uid',
  namespaced: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    secretType: { type: 'string', doc: 'Opaque, kubernetes.io/tls, ...' },
    keys: { type: 'string[]', doc: 'Names of its keys; sorted.' },
    digests: {
      type: 'string[]',
      optional: true,
      doc: 'Of the content of each key, in the order of `keys`: the first 32 hex digits of HMAC-SHA256 by a key of the cluster, over namespace/name/key, a zero byte and the content. Only where that key is given to the collector.',
    },
    digest: { type: 'string', optional: true, doc: 'Of all keys and their content, where `digests` are.' },
    immutable: { type: 'bool', optional: true, doc: 'It can not be changed.' },
  },
})
