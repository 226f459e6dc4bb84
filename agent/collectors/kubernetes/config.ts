import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { apiOf, type Environment } from '../../reflector/config.ts'
import { choiceOf, type Filter } from './filter.ts'
import { given } from './kind.ts'

/** Where a Lease is. */
export interface LeasePlace {
  readonly namespace: string
  readonly name: string
  /** AITIA_LEASE does not name it: where it may not be used, each sends. */
  readonly unasked?: true
}

/** What is kept of objects beyond what always is, and who sends it. */
export interface Settings {
  /** Of several replicas the one that holds this Lease sends; without it, each does. See `usualLeaseOf`. */
  readonly lease?: LeasePlace
  readonly filter?: Filter
  /** Makes digests of what Secrets hold. Without it their content leaves no trace. */
  readonly secretDigestKey?: Buffer
}

/** A shorter key could be found by trying, and with it what short secrets hold. RFC 2104, section 3: no shorter than the hash. */
const keyBytes = 32

/** AITIA_LEASE: `namespace/name` of the Lease that one of several replicas holds. */
const leaseOf = (place: string | undefined): LeasePlace | undefined => {
  if (!place) return undefined
  const [namespace, name, ...rest] = place.split('/')
  if (!namespace || !name || rest.length > 0) throw new Error(`AITIA_LEASE: got ${place}, expected namespace/name`)
  return { namespace, name }
}

/** The namespace of the pod that this is, as its service account has it. */
const ownNamespace = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'

/**
 * The Lease to try for where AITIA_LEASE names none, one for each name that the cluster is sent under: in a pod there are soon
 * several agents, as a DaemonSet makes one for each node. Undefined outside of a pod, where nothing is written to the cluster, and in
 * one whose token comes without the namespace.
 */
export const usualLeaseOf = (
  cluster: string,
  environment: Environment = process.env,
  namespaceFile = ownNamespace,
): LeasePlace | undefined => {
  if (apiOf(environment) !== 'in-cluster' || !existsSync(namespaceFile)) return undefined
  const kept = cluster
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 200)
    .replace(/-+$/, '')
  // What an object's name can't hold may be all that tells it from another.
  const digest = createHash('sha256').update(cluster).digest('hex').slice(0, 8)
  const name = `aitia-${kept === cluster ? cluster : `${kept}-${digest}`}`
  return { namespace: readFileSync(namespaceFile, 'utf8').trim(), name, unasked: true }
}

/**
 * AITIA_NAMESPACES, AITIA_KINDS (as kubectl names them: `pods`, `deployments.apps`) and AITIA_LABELS (`key` or `key=value`): what to
 * include, with commas between; `!` before what to leave out; `*` at the end for anything. All, unless said so.
 */
const filterOf = ({ AITIA_NAMESPACES, AITIA_KINDS, AITIA_LABELS }: Environment): Filter => ({
  namespaces: choiceOf(AITIA_NAMESPACES),
  kinds: choiceOf(AITIA_KINDS),
  labels: choiceOf(AITIA_LABELS),
})

/** AITIA_SECRET_DIGEST_KEY_FILE: path of a file with a random key of at least 32 bytes, one for each cluster. */
const keyOf = (file: string | undefined): Buffer | undefined => {
  if (!file) return undefined
  const secretDigestKey = readFileSync(file)
  if (secretDigestKey.length < keyBytes)
    throw new Error(
      `AITIA_SECRET_DIGEST_KEY_FILE: got ${secretDigestKey.length} bytes in ${file}, expected ${keyBytes} or more: head -c 32 /dev/urandom > ${file}`,
    )
  return secretDigestKey
}

/** What the environment asks for. Throws where it can't be done. */
export const settingsOf = (environment: Environment = process.env): Settings =>
  given({
    lease: leaseOf(environment.AITIA_LEASE),
    filter: filterOf(environment),
    secretDigestKey: keyOf(environment.AITIA_SECRET_DIGEST_KEY_FILE),
  })
