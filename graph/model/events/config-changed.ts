import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const configChanged = defineEvent({
  name: 'config-changed',
  collector: 'kubernetes',
  doc: 'The content of a ConfigMap or Secret changed. Found by comparing what was seen of it one after the other, so that a change while the collector was down shows in states alone.',
  hook: 'ConfigMap and Secret data and binaryData',
  about: ['ConfigMap', 'Secret'],
  origin: 'api.object',
  delay: 2 * SECOND,
  compared: true,
  fields: {
    changed: { type: 'string[]', doc: 'Keys whose content differs; sorted.' },
    added: { type: 'string[]', doc: 'Keys that are new.' },
    removed: { type: 'string[]', doc: 'Keys that are gone.' },
    before: {
      type: 'string',
      optional: true,
      doc: '`digest` of the state before. Of a Secret only where the collector has a key for digests.',
    },
    after: { type: 'string', optional: true, doc: '`digest` of the state that it made.' },
    manager: { type: 'string', optional: true, doc: 'Who wrote last: the manager of fields, such as kubectl-edit.' },
  },
})
