/** The job format: JSON, zstd, base64, and a version that can be read without unpacking. */
import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { z } from 'zod'
import { BATCH_LIMIT, type Batch, LANES } from '../model/batch.ts'

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

const dataShape = z.object({ v: z.int().nonnegative(), zstd: z.string() })

/** The envelope only: whether an observation can be written is for the writer to say. */
const contentShape = z.object({
  cluster: z.string().min(1),
  lane: z
    .int()
    .min(0)
    .max(LANES - 1),
  observations: z
    .array(z.looseObject({ type: z.enum(['event', 'state', 'heartbeat', 'gap', 'loss']) }))
    .max(BATCH_LIMIT),
  contexts: z.record(z.string(), z.looseObject({})),
})

const invalid = (reason: string): Decoded => ({ is: 'invalid', reason })

/** Unpacks a job; older versions are brought to the current one. Never throws: what can't be read comes back with the reason. */
export const decodeJob = (data: unknown, versions: Versions = VERSIONS): Decoded => {
  const shape = dataShape.safeParse(data)
  if (!shape.success) return invalid(`not a job: expected {v, zstd}; ${z.prettifyError(shape.error)}`)
  const version = shape.data.v
  if (version > versions.current) return { is: 'newer', version }
  let content: Record<string, unknown>
  try {
    const packed = Buffer.from(shape.data.zstd, 'base64')
    content = JSON.parse(zstdDecompressSync(packed, { maxOutputLength: UNPACKED_LIMIT }).toString())
    for (let step = version; step < versions.current; step++) {
      const upcast = versions.upcasts[step]
      if (upcast === undefined) return invalid(`version ${version}: no upcast leads from ${step} to ${step + 1}`)
      content = upcast(content)
    }
  } catch (error) {
    return invalid(`version ${version} can't be unpacked: ${(error as Error).message}`)
  }
  const parsed = contentShape.safeParse(content)
  if (!parsed.success) return invalid(`version ${version}: ${z.prettifyError(parsed.error)}`)
  return { is: 'batch', batch: parsed.data as unknown as Batch }
}
