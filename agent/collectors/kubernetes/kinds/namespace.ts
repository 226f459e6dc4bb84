import { defineKind, given, labelsOf, type Raw, trimMeta } from '../kind.ts'

export default defineKind({
  path: '/api/v1/namespaces',
  object: 'Namespace',
  trim: (raw) => ({
    ...trimMeta(raw, 'Namespace'),
    body: given({ labels: labelsOf(raw), phase: (raw as Raw).status?.phase }),
  }),
})
