import { defineKind, given, labelsOf, type Raw, trimMeta } from '../kind.ts'

export default defineKind({
  path: '/api/v1/serviceaccounts',
  object: 'ServiceAccount',
  trim: (raw) => {
    const { imagePullSecrets = [], automountServiceAccountToken } = raw as Raw
    const names: string[] = imagePullSecrets.map(({ name }: Raw) => name)
    return {
      ...trimMeta(raw, 'ServiceAccount'),
      body: given({
        labels: labelsOf(raw),
        imagePullSecrets: names.length ? names : undefined,
        automountToken: automountServiceAccountToken,
      }),
    }
  },
})
