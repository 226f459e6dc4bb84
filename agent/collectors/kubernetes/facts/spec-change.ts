import { SECOND } from '../../../../graph/model/time.ts'
import type { RawObject } from '../../../reflector/list.ts'
import { type Fact, given, type Raw, type Sighting, type Thing, timeOf } from '../kind.ts'
import { differences, type Outline, outlineOf } from './spec-outline.ts'

/** What is kept of an object's spec, to tell what changed in it. */
export interface Specified {
  /** Absent where its changes are told by its owner. */
  readonly spec?: Outline
  readonly generation?: number
  /** Who last wrote of the spec, each as `manager/subresource/time`. */
  readonly writers: readonly string[]
}

/** Paths that one event names; how many more there are it counts. */
const pathLimit = 16

/** Of a raw object. `spec`: what of it is compared; undefined where its owner tells of changes. */
export const specifiedOf = ({ metadata }: RawObject, spec: Raw, isKnown?: boolean): Specified => ({
  ...given({
    spec: spec === undefined ? undefined : outlineOf(spec, isKnown),
    generation: metadata.generation as number | undefined,
  }),
  writers: ((metadata.managedFields ?? []) as Raw[])
    .filter(({ subresource, fieldsV1 }) => subresource !== 'status' && fieldsV1?.['f:spec'])
    .map(({ manager, subresource = '', time }) => `${manager}\t${subresource}\t${time}`),
})

/** What differs from the sight before: nothing where there was none, since the same generation jump can have any cause. */
export function specFacts(
  { ref, version, createdAt, spec, generation, writers }: Thing & Specified,
  { previous, observedAt, uncertaintyFrom = 0, gone }: Sighting<Thing & Specified>,
): Fact[] {
  if (gone || spec === undefined || previous?.spec === undefined) return []
  const all = differences(previous.spec, spec)
  if (all.length === 0) return []
  const changes = all.slice(0, pathLimit)
  const [manager, subresource, time] = lastOf(writers.filter((writer) => !previous.writers.includes(writer)))
  const from = Math.max(createdAt, uncertaintyFrom || observedAt - SECOND)
  const stampedAt = timeOf(time)
  return [
    {
      kind: 'spec-changed',
      id: `spec-changed/${ref.key}/${version}`,
      // Several may have written since an earlier sight; the stamp is that of the last.
      ...(stampedAt === undefined || uncertaintyFrom > 0
        ? { at: from, uncertainty: Math.max(0, observedAt - from) }
        : { at: stampedAt, uncertainty: SECOND }),
      object: ref,
      ...(ref.kind === 'Pod' && { pod: ref }),
      fields: {
        paths: changes.map(({ path }) => path),
        before: changes.map(({ before }) => before),
        after: changes.map(({ after }) => after),
        ...given({
          morePaths: all.length - changes.length || undefined,
          generation,
          previousGeneration: previous.generation,
          manager: manager || undefined,
          subresource: subresource || undefined,
        }),
      },
    },
  ]
}

/** The writer with the latest stamp. */
const lastOf = (writers: readonly string[]): string[] =>
  writers.map((writer) => writer.split('\t')).reduce((last, each) => (each[2]! >= (last[2] ?? '') ? each : last), [])
