import { defineKind, given, labelsOf, type Raw, trimMeta } from '../kind.ts'

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#storageclass-kubernetes-io-is-default-class */
const isDefault = 'storageclass.kubernetes.io/is-default-class'

export default defineKind({
  path: '/apis/storage.k8s.io/v1/storageclasses',
  object: 'StorageClass',
  trim: (raw) => {
    const { provisioner, reclaimPolicy, volumeBindingMode, allowVolumeExpansion, metadata } = raw as Raw
    return {
      ...trimMeta(raw, 'StorageClass'),
      body: given({
        ...{ labels: labelsOf(raw), provisioner, reclaimPolicy },
        bindingMode: volumeBindingMode,
        allowExpansion: allowVolumeExpansion,
        isDefault: metadata.annotations?.[isDefault] === 'true' || undefined,
      }),
    }
  },
})
