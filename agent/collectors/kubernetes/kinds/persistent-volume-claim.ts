import { bytesOf } from '../../../../graph/model/quantity.ts'
import { defineKind, given, labelsOf, type NameRef, type Raw, type Thing, trimMeta } from '../kind.ts'

interface Claim extends Thing {
  /** The volume that it is bound to: absent while it waits, also for one that it names. */
  readonly bound: NameRef | undefined
  /** Absent where the claim asks for none. */
  readonly storageClass: NameRef | undefined
}

export default defineKind<Claim>({
  path: '/api/v1/persistentvolumeclaims',
  object: 'PersistentVolumeClaim',
  trim: (raw) => {
    const { spec = {}, status = {} } = raw as Raw
    const phase: string = status.phase ?? 'Pending'
    const { volumeName, storageClassName, accessModes, volumeMode, resources } = spec
    const conditions: string[] = (status.conditions ?? []).flatMap(({ type, status: holds, reason }: Raw) =>
      holds === 'True' ? `${type}${reason ? `:${reason}` : ''}` : [],
    )
    return {
      ...trimMeta(raw, 'PersistentVolumeClaim'),
      bound:
        volumeName && phase !== 'Pending' ? { kind: 'PersistentVolume', namespace: '', name: volumeName } : undefined,
      storageClass: storageClassName ? { kind: 'StorageClass', namespace: '', name: storageClassName } : undefined,
      body: given({
        ...{ labels: labelsOf(raw), phase },
        storageClass: storageClassName || undefined,
        volumeName: volumeName || undefined,
        requestedBytes: bytesOf(resources?.requests?.storage),
        capacityBytes: bytesOf(status.capacity?.storage),
        ...{ accessModes, volumeMode },
        conditions: conditions.length ? conditions : undefined,
      }),
    }
  },
  references: ({ bound, storageClass }) => [bound, storageClass].flatMap((each) => each ?? []),
  // (PersistentVolumeClaim)-[:BOUND_TO]->(PersistentVolume), (PersistentVolumeClaim)-[:USES]->(StorageClass)
  relations: ({ bound, storageClass }, resolve) => [
    ...(bound ? [{ kind: 'BOUND_TO' as const, to: resolve(bound) }] : []),
    ...(storageClass ? [{ kind: 'USES' as const, to: resolve(storageClass) }] : []),
  ],
})
