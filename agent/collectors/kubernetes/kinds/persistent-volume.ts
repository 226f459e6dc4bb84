import { bytesOf } from '../../../../graph/model/quantity.ts'
import { defineKind, given, labelsOf, type Raw, trimMeta } from '../kind.ts'

/** Members of spec that are no source of the volume. */
const common = new Set([
  ...['accessModes', 'capacity', 'claimRef', 'mountOptions', 'nodeAffinity', 'persistentVolumeReclaimPolicy'],
  ...['storageClassName', 'volumeAttributesClassName', 'volumeMode'],
])

export default defineKind({
  path: '/api/v1/persistentvolumes',
  object: 'PersistentVolume',
  trim: (raw) => {
    const { spec = {}, status = {} } = raw as Raw
    const { accessModes, capacity, claimRef, csi, persistentVolumeReclaimPolicy, storageClassName } = spec
    return {
      ...trimMeta(raw, 'PersistentVolume'),
      body: given({
        ...{ labels: labelsOf(raw), phase: status.phase ?? 'Pending', reason: status.reason || undefined },
        storageClass: storageClassName || undefined,
        capacityBytes: bytesOf(capacity?.storage),
        accessModes,
        reclaimPolicy: persistentVolumeReclaimPolicy,
        claim: claimRef && `${claimRef.namespace}/${claimRef.name}`,
        driver: csi?.driver ?? Object.keys(spec).find((name) => !common.has(name)),
        handle: csi?.volumeHandle,
      }),
    }
  },
})
