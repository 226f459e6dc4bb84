/** What ConfigMaps and Secrets hold: only names of keys and digests leave this file. */
import { createHash, type Hash, type Hmac } from 'node:crypto'
import { digestOf } from '../../../../graph/model/digest.ts'
import { SECOND } from '../../../../graph/model/time.ts'
import type { RawObject } from '../../../reflector/list.ts'
import { type Fact, given, type Raw, type Sighting, type Thing, timeOf } from '../kind.ts'

/** An object of keys, each with content. */
export interface Keyed extends Thing {
  /** Of the content of each key, by its name; sorted. */
  readonly digests: ReadonlyMap<string, string>
  /** When and by whom content was written last, where the server tells; whole seconds, µs. */
  readonly written: { readonly at: number; readonly manager?: string } | undefined
}

/** Hex digits of a digest: 128 bits, so that nobody makes two contents of one. */
const digits = 32

/** Content by key, as bytes: what is text in `data` of a ConfigMap is base64 in that of a Secret, and in any `binaryData`. */
export const contentOf = (raw: RawObject, data: BufferEncoding): (readonly [key: string, content: Buffer])[] => {
  const { data: texts = {}, binaryData = {} } = raw as Raw
  const bytes = (all: Record<string, string>, encoding: BufferEncoding) =>
    Object.entries(all).map(([key, text]) => [key, Buffer.from(text, encoding)] as const)
  return [...bytes(texts, data), ...bytes(binaryData, 'base64')].sort(([a], [b]) => (a < b ? -1 : 1))
}

export const sha256 = (): Hash => createHash('sha256')

/** A digest of each key's content; `digest` begins one. */
export const digestsOf = (
  content: ReturnType<typeof contentOf>,
  digest: (key: string) => Hash | Hmac,
): ReadonlyMap<string, string> =>
  new Map(content.map(([key, bytes]) => [key, digest(key).update(bytes).digest('hex').slice(0, digits)]))

/** Of all keys and their content. */
export const digestOfAll = (digests: Keyed['digests']): string => digestOf([...digests])

/** When content was written last, and by whom: each manager of fields leaves the time of its last write that changed one. */
export function lastWrite(raw: RawObject): Keyed['written'] {
  const writes = ((raw.metadata.managedFields ?? []) as Raw[])
    .filter(({ fieldsV1 }) => fieldsV1?.['f:data'] || fieldsV1?.['f:binaryData'])
    .map(({ manager, time }) => ({ at: timeOf(time) ?? 0, manager: manager as string | undefined }))
  const at = Math.max(...writes.map((write) => write.at))
  const last = writes.filter((write) => write.at === at)
  // Two within one second: it may have been either.
  return last.length ? { at, ...given({ manager: last.length > 1 ? undefined : last[0]!.manager }) } : undefined
}

/** That the content differs from what it was when it was last seen. `tellsDigests`: not where they are this process's own. */
export function configChanged(object: Keyed, sighting: Sighting<Keyed>, tellsDigests: boolean): Fact[] {
  const { previous } = sighting
  if (!previous) return []
  const [before, after] = [previous.digests, object.digests]
  const changed = [...after.keys()].filter((key) => before.has(key) && before.get(key) !== after.get(key))
  const added = [...after.keys()].filter((key) => !before.has(key))
  const removed = [...before.keys()].filter((key) => !after.has(key))
  if (changed.length + added.length + removed.length === 0) return []
  const write = writeOf(object.written, previous.written)
  return [
    {
      kind: 'config-changed',
      id: `config-changed/${object.ref.key}/${object.version}`,
      ...timesOf(write?.at, previous.written?.at, sighting),
      object: object.ref,
      fields: {
        ...{ changed, added, removed },
        ...(tellsDigests && { before: digestOfAll(before), after: digestOfAll(after) }),
        ...given({ manager: write?.manager }),
      },
    },
  ]
}

/** Who only takes keys away leaves no stamp. */
const writeOf = (last: Keyed['written'], before: Keyed['written']): Keyed['written'] =>
  last && last.at > (before?.at ?? 0) ? last : undefined

/** One write, seen live, happened within the second that it names. Of several that were not seen one by one any changed the content. */
function timesOf(
  stamp: number | undefined,
  before: number | undefined,
  { observedAt, uncertaintyFrom }: Sighting<Keyed>,
): { at: number; uncertainty: number } {
  const written = stamp ?? observedAt - SECOND
  const at = Math.min(observedAt, written, Math.max(before ?? 0, uncertaintyFrom ?? written))
  return { at, uncertainty: Math.max(0, Math.min(observedAt, written + SECOND) - at) }
}
