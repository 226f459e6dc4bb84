import { readFileSync } from 'node:fs'
import type { Environment } from '../../reflector/config.ts'

/** What is kept of objects, beyond what always is. */
export interface Settings {
  /** Makes digests of what Secrets hold. Without it their content leaves no trace. */
  readonly secretDigestKey?: Buffer
}

/** A shorter key could be found by trying, and with it what short secrets hold. RFC 2104, section 3: no shorter than the hash. */
const keyBytes = 32

/** AITIA_SECRET_DIGEST_KEY_FILE: path of a file with a random key of at least 32 bytes, one for each cluster. Throws where it can't be used. */
export const settingsOf = (environment: Environment = process.env): Settings => {
  const file = environment.AITIA_SECRET_DIGEST_KEY_FILE
  if (!file) return {}
  const secretDigestKey = readFileSync(file)
  if (secretDigestKey.length < keyBytes)
    throw new Error(
      `AITIA_SECRET_DIGEST_KEY_FILE: got ${secretDigestKey.length} bytes in ${file}, expected ${keyBytes} or more: head -c 32 /dev/urandom > ${file}`,
    )
  return { secretDigestKey }
}
