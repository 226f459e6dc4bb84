/** The job format: JSON, zstd, base64, and a version that can be read without unpacking. */
import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { BATCH_LIMIT, type Batch, LANES } from '../model/batch.ts'
import type { Observation } from '../model/observation.ts'

/** Version of what `encodeContent` packs: the envelope and the observations in it. Raise it with an upcast from the one before. */
export const JOB_VERSION = 1

/** Makes the content of version n + 1 from that of version n. */
export type Upcast = (content: Record<string, unknown>) => Record<string, unknown>

/** What a consumer understands: its own version, and by version the upcasts that lead there. */
export interface Versions {
  readonly current: number
  readonly upcasts: Readonly<Record<number, Upcast>>
}

export const VERSIONS: Versions = { current: JOB_VERSION, upcasts: {} }

/** What BullMQ keeps of a job. */
export interface JobData {
  readonly v: number
  /** zstd of the content's JSON, in base64. */
  readonly zstd: string
}

/** Most bytes that a job may unpack to: a larger one is no job of ours. */
const UNPACKED_LIMIT = 64 * 1024 * 1024

/** Packs the JSON of a content. The same content gives the same bytes, hence the same id. */
export const packContent = (json: string): Buffer => zstdCompressSync(json)

/** Id of a job by its content: a job that is sent again while the first is still queued is the same one. */
export const jobIdOf = (packed: Buffer): string => createHash('sha256').update(packed).digest('base64url').slice(0, 22)

export const jobDataOf = (version: number, packed: Buffer): JobData => ({ v: version, zstd: packed.toString('base64') })

export type Decoded =
  | { readonly is: 'batch'; readonly batch: Batch }
  /** Written by a newer producer: it waits for a consumer that knows the version. */
  | { readonly is: 'newer'; readonly version: number }
  | { readonly is: 'invalid'; readonly reason: string }

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCount = (value: unknown, below: number): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < below

const shown = (value: unknown): string => (JSON.stringify(value) ?? `${value}`).slice(0, 80)

const TYPES: readonly unknown[] = ['event', 'state', 'heartbeat', 'gap', 'loss'] satisfies Observation['type'][]

/**
 * What is wrong with an envelope, or null; whether an observation can be written is for the writer to say. By hand, since each agent
 * loads this file, and a library for shapes takes an eighth of the memory that it may have.
 */
const faultOf = ({ cluster, lane, observations, contexts }: Fields): string | null => {
  if (typeof cluster !== 'string' || cluster === '') return `cluster is ${shown(cluster)}: expected a name`
  if (!isCount(lane, LANES)) return `lane is ${shown(lane)}: expected one of 0 to ${LANES - 1}`
  if (!Array.isArray(observations) || observations.length > BATCH_LIMIT)
    return `observations: expected a list of ${BATCH_LIMIT} at most`
  const odd = observations.findIndex((each) => !isObject(each) || !TYPES.includes(each.type))
  if (odd !== -1) return `observations[${odd}].type is ${shown(observations[odd]?.type)}: expected one of ${TYPES}`
  if (!isObject(contexts) || !Object.values(contexts).every(isObject))
    return 'contexts: expected objects by their digest'
  return null
}

const invalid = (reason: string): Decoded => ({ is: 'invalid', reason })

/** Unpacks a job; older versions are brought to the current one. Never throws: what can't be read comes back with the reason. */
export const decodeJob = (data: unknown, versions: Versions = VERSIONS): Decoded => {
  if (!isObject(data) || !isCount(data.v, Number.POSITIVE_INFINITY) || typeof data.zstd !== 'string')
    return invalid(`not a job: expected {v, zstd}, got ${shown(data)}`)
  const { v: version, zstd } = data
  if (version > versions.current) return { is: 'newer', version }
  let content: Record<string, unknown>
  try {
    const packed = Buffer.from(zstd, 'base64')
    content = JSON.parse(zstdDecompressSync(packed, { maxOutputLength: UNPACKED_LIMIT }).toString())
    for (let step = version; step < versions.current; step++) {
      const upcast = versions.upcasts[step]
      if (upcast === undefined) return invalid(`version ${version}: no upcast leads from ${step} to ${step + 1}`)
      content = upcast(content)
    }
  } catch (error) {
    return invalid(`version ${version} can't be unpacked: ${(error as Error).message}`)
  }
  const fault = isObject(content) ? faultOf(content) : `the content is ${shown(content)}: expected an object`
  return fault === null ? { is: 'batch', batch: content as unknown as Batch } : invalid(`version ${version}: ${fault}`)
}
