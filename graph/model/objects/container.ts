import { defineObject } from '../define.ts'

export const container = defineObject({
  name: 'Container',
  doc: 'One run of a container of a pod.',
  keyFrom: 'container id without its scheme',
  body: {
    containerName: { type: 'string', optional: true, doc: "Name in the pod's spec." },
    image: { type: 'string', optional: true, doc: 'Image as the spec names it.' },
  },
})
