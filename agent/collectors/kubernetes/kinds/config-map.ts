import {
  configChanged,
  contentOf,
  digestOfAll,
  digestsOf,
  type Keyed,
  lastWrite,
  sha256,
} from '../facts/config-content.ts'
import { defineKind, given, labelsOf, type Raw, trimMeta } from '../kind.ts'

export default defineKind<Keyed>({
  path: '/api/v1/configmaps',
  object: 'ConfigMap',
  tells: ['config-changed'],
  trim: (raw) => {
    const content = contentOf(raw, 'utf8')
    const digests = digestsOf(content, sha256)
    return {
      ...trimMeta(raw, 'ConfigMap'),
      digests,
      written: lastWrite(raw),
      body: given({
        labels: labelsOf(raw),
        keys: [...digests.keys()],
        digests: [...digests.values()],
        digest: digestOfAll(digests),
        bytes: content.reduce((sum, [, bytes]) => sum + bytes.length, 0),
        immutable: (raw as Raw).immutable,
      }),
    }
  },
  facts: (object, sighting) => configChanged(object, sighting, true),
})
