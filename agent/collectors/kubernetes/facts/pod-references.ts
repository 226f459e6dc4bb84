/** What a pod's spec names: ConfigMaps, Secrets and claims as volumes and in the environment, its ServiceAccount, and Secrets to pull images by. */
import type { Declaration } from '../../../../graph/model/observation.ts'
import type { RawObject } from '../../../reflector/list.ts'
import type { NameRef, Raw, Resolve } from '../kind.ts'

type Target = 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim' | 'ServiceAccount'

/** One relation to what has a name in the pod's namespace. */
export interface PodReference {
  readonly kind: 'MOUNTS' | 'READS_ENV_FROM' | 'USES'
  readonly target: Target
  readonly name: string
  readonly properties: NonNullable<Declaration['properties']>
}

/** All of a raw pod. */
export function podReferencesOf(pod: RawObject): PodReference[] {
  const { spec = {} } = pod as Raw
  const containers: Raw[] = [spec.initContainers, spec.containers, spec.ephemeralContainers].flatMap((all) => all ?? [])
  const account: PodReference[] = spec.serviceAccountName
    ? [{ kind: 'USES', target: 'ServiceAccount', name: spec.serviceAccountName, properties: {} }]
    : []
  // A pod gets those of its ServiceAccount too, as it is admitted.
  const pulls: string[] = (spec.imagePullSecrets ?? []).flatMap(({ name }: Raw) => name || [])
  const byPulling = [...new Set(pulls)].map(
    (name): PodReference => ({ kind: 'USES', target: 'Secret', name, properties: { role: 'image-pull' } }),
  )
  return [
    ...account,
    ...byPulling,
    ...(spec.volumes ?? []).flatMap((volume: Raw) => mountsOf(volume, containers, pod.metadata.name)),
    ...containers.flatMap(environmentOf),
  ]
}

/** They live in the namespace of their pod. */
export const nameRefsOf = (references: readonly PodReference[], namespace: string): NameRef[] =>
  references.map(({ target, name }) => ({ kind: target, namespace, name }))

export const declarationsOf = (
  references: readonly PodReference[],
  namespace: string,
  resolve: Resolve,
): Declaration[] =>
  references.map(({ kind, target, name, properties }) => ({
    ...{ kind, to: resolve({ kind: target, namespace, name }) },
    ...(Object.keys(properties).length > 0 && { properties }),
  }))

/** What one volume holds. */
interface Source {
  readonly target: Target
  readonly name: string | undefined
  readonly items?: readonly { readonly key: string }[]
  readonly optional?: boolean
}

/** One relation for each object of a volume; an object that a projected volume names twice is one. */
function mountsOf(volume: Raw, containers: readonly Raw[], podName: string): PodReference[] {
  const paths = containers.flatMap((container) =>
    (container.volumeMounts ?? [])
      .concat((container.volumeDevices ?? []).map(({ name, devicePath }: Raw) => ({ name, mountPath: devicePath })))
      .filter(({ name }: Raw) => name === volume.name)
      .map(({ mountPath, subPath, subPathExpr }: Raw) => {
        const part = subPath || subPathExpr
        return `${container.name}:${mountPath}${part ? `=${part}` : ''}`
      }),
  )
  const byName = Map.groupBy(sourcesOf(volume, podName), ({ target, name }) => `${target}/${name}`)
  return [...byName.values()].flatMap((sources) => {
    const [{ target, name }] = sources as [Source]
    if (!name) return []
    const keys = sources.every(({ items }) => items?.length) && sources.flatMap(({ items = [] }) => items)
    return [
      {
        ...{ kind: 'MOUNTS' as const, target, name },
        properties: {
          volume: volume.name,
          ...(keys && { keys: sorted(keys.map(({ key }) => key)) }),
          paths: sorted(paths),
          optional: sources.every(({ optional }) => optional === true),
        },
      },
    ]
  })
}

function sourcesOf(volume: Raw, podName: string): Source[] {
  const { configMap, secret, persistentVolumeClaim, ephemeral, projected, csi } = volume
  const claim = (name: string): Source => ({ target: 'PersistentVolumeClaim', name })
  // A claim that is made for the pod: https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#persistentvolumeclaim-naming
  if (ephemeral) return [claim(`${podName}-${volume.name}`)]
  if (persistentVolumeClaim) return [claim(persistentVolumeClaim.claimName)]
  // What its driver is given to mount it by.
  if (csi) return [{ target: 'Secret', name: csi.nodePublishSecretRef?.name }]
  const parts: Raw[] = projected?.sources ?? [{ configMap, secret: secret && { ...secret, name: secret.secretName } }]
  return parts.flatMap((part): Source[] => [
    ...(part.configMap ? [{ ...part.configMap, target: 'ConfigMap' }] : []),
    ...(part.secret ? [{ ...part.secret, target: 'Secret' }] : []),
  ])
}

/** One relation for each object, and for what is optional and what is not, and for what takes all of it and what takes some keys. */
function environmentOf(container: Raw): PodReference[] {
  const sources = [
    ...(container.env ?? []).flatMap(({ valueFrom }: Raw) => [
      sourceOf('ConfigMap', valueFrom?.configMapKeyRef),
      sourceOf('Secret', valueFrom?.secretKeyRef),
    ]),
    ...(container.envFrom ?? []).flatMap(({ configMapRef, secretRef }: Raw) => [
      sourceOf('ConfigMap', configMapRef),
      sourceOf('Secret', secretRef),
    ]),
  ].flatMap((source) => source ?? [])
  const alike = Map.groupBy(sources, ({ target, name, key, optional }) =>
    JSON.stringify([target, name, optional, key === undefined]),
  )
  return [...alike.values()].map((group) => {
    const [{ target, name, optional, key }] = group as [(typeof group)[number]]
    return {
      ...{ kind: 'READS_ENV_FROM', target, name },
      properties: {
        containerName: container.name,
        ...(key !== undefined && { keys: sorted(group.map((source) => source.key as string)) }),
        optional,
      },
    }
  })
}

const sourceOf = (target: Target, reference: Raw) =>
  reference?.name
    ? {
        target,
        name: reference.name as string,
        key: reference.key as string | undefined,
        optional: reference.optional === true,
      }
    : undefined

const sorted = (texts: readonly string[]): string[] => [...new Set(texts)].sort()
