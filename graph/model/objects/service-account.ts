import { defineObject } from '../define.ts'

export const serviceAccount = defineObject({
  name: 'ServiceAccount',
  doc: 'As whom pods ask the API.',
  keyFrom: 'metadata.uid',
  namespaced: true,
  body: {
    labels: { type: 'string[]', doc: 'Labels as key=value, sorted.' },
    imagePullSecrets: {
      type: 'string[]',
      optional: true,
      doc: 'Names of Secrets by which the images of its pods are pulled.',
    },
    automountToken: {
      type: 'bool',
      optional: true,
      doc: 'Its pods get a token unless they say otherwise. Absent: they do.',
    },
  },
})
