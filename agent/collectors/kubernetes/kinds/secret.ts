import { createHmac, randomBytes } from 'node:crypto'
import { configChanged, contentOf, digestOfAll, digestsOf, type Keyed, lastWrite } from '../facts/config-content.ts'
import { defineKind, given, labelsOf, type Raw, trimMeta } from '../kind.ts'

interface Secret extends Keyed {
  /** Digests are made by the cluster's key, and may be told. */
  readonly keyed: boolean
}

/** Without a key of the cluster: changes are seen, but what is seen of them is worth nothing outside of this process. */
const ownKey = randomBytes(32)

export default defineKind<Secret>({
  path: '/api/v1/secrets',
  object: 'Secret',
  tells: ['config-changed'],
  trim: (raw, { secretDigestKey }) => {
    const { type, immutable } = raw as Raw
    const meta = trimMeta(raw, 'Secret')
    // Equal content of two Secrets, or of two keys, makes two digests: nobody learns that a password is used twice.
    const hmac = (key: string) =>
      createHmac('sha256', secretDigestKey ?? ownKey).update(`${meta.ref.namespace}/${meta.ref.name}/${key}\0`)
    const digests = digestsOf(contentOf(raw, 'base64'), hmac)
    return {
      ...meta,
      digests,
      written: lastWrite(raw),
      keyed: secretDigestKey !== undefined,
      body: given({
        labels: labelsOf(raw),
        secretType: type ?? 'Opaque',
        keys: [...digests.keys()],
        digests: secretDigestKey && [...digests.values()],
        digest: secretDigestKey && digestOfAll(digests),
        immutable,
      }),
    }
  },
  facts: (object, sighting) => configChanged(object, sighting, object.keyed),
})
