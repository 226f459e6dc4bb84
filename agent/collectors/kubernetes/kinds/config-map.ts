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

interface ConfigMap extends Keyed {
  readonly rewritten: boolean
}

/** What is a status, and no setting: its writer leaves the time of each write in it, every few seconds. */
const lastUpdated = 'cluster-autoscaler.kubernetes.io/last-updated'

export default defineKind<ConfigMap>({
  path: '/api/v1/configmaps',
  object: 'ConfigMap',
  tells: ['config-changed'],
  trim: (raw) => {
    const content = contentOf(raw, 'utf8')
    const digests = digestsOf(content, sha256)
    const rewritten = lastUpdated in ((raw as Raw).metadata.annotations ?? {})
    return {
      ...trimMeta(raw, 'ConfigMap'),
      digests,
      written: lastWrite(raw),
      rewritten,
      body: given({
        labels: labelsOf(raw),
        keys: [...digests.keys()],
        ...(rewritten
          ? { rewritten }
          : {
              digests: [...digests.values()],
              digest: digestOfAll(digests),
              bytes: content.reduce((sum, [, bytes]) => sum + bytes.length, 0),
            }),
        immutable: (raw as Raw).immutable,
      }),
    }
  },
  facts: (object, sighting) =>
    object.rewritten || sighting.previous?.rewritten ? [] : configChanged(object, sighting, true),
  omits: ({ rewritten, version }) => (rewritten ? [{ what: 'configs.rewritten', id: String(version) }] : []),
})
