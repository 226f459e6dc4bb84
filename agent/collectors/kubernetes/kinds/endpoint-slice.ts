import type { ObjectRef } from '../../../../graph/model/observation.ts'
import { defineKind, given, type NameRef, type Raw, type Resolve, type Thing, trimMeta } from './kind.ts'

interface EndpointSlice extends Thing {
  /** UID of the Service where an owner reference gives it. */
  readonly serviceUid: string | undefined
  readonly serviceName: string | undefined
  /** Pods by name, each once: an endpoint for each of its addresses would repeat it. */
  readonly pods: readonly { readonly name: string; readonly uid: string | undefined; readonly ready: boolean }[]
}

const named = (kind: NameRef['kind'], { ref }: Thing, name: string): NameRef => ({
  kind,
  namespace: ref.namespace ?? '',
  name,
})

const refOf = (slice: EndpointSlice, kind: NameRef['kind'], name: string, uid: string | undefined, resolve: Resolve) =>
  uid === undefined
    ? resolve(named(kind, slice, name))
    : ({ kind, key: uid, name, ...given({ namespace: slice.ref.namespace }) } satisfies ObjectRef)

// (Service)-[:SELECTS]->(Pod)
export const endpointSlices = defineKind<EndpointSlice>({
  path: '/apis/discovery.k8s.io/v1/endpointslices',
  object: 'EndpointSlice',
  trim: (raw) => {
    const endpoints: Raw[] = (raw as Raw).endpoints ?? []
    // A condition that is not given means true.
    const isReady = (endpoint: Raw): boolean => endpoint.conditions?.ready !== false
    const pods = new Map<string, EndpointSlice['pods'][number]>()
    for (const endpoint of endpoints) {
      const { kind, name, uid } = endpoint.targetRef ?? {}
      if (kind !== 'Pod' || !name) continue
      pods.set(name, { name, uid, ready: isReady(endpoint) || (pods.get(name)?.ready ?? false) })
    }
    const serviceName = (raw.metadata.labels as Raw)?.['kubernetes.io/service-name'] as string | undefined
    const owners = (raw.metadata.ownerReferences ?? []) as { kind: string; name: string; uid: string }[]
    return {
      ...trimMeta(raw, 'EndpointSlice'),
      serviceName,
      serviceUid: owners.find(({ kind, name }) => kind === 'Service' && name === serviceName)?.uid,
      pods: [...pods.values()],
      body: given({
        serviceName,
        endpoints: endpoints.length,
        readyEndpoints: endpoints.filter(isReady).length,
      }),
    }
  },
  references: (slice) => {
    const { serviceName, serviceUid, pods } = slice
    if (serviceName === undefined) return []
    const service = serviceUid === undefined ? [named('Service', slice, serviceName)] : []
    return [...service, ...pods.filter(({ uid }) => uid === undefined).map(({ name }) => named('Pod', slice, name))]
  },
  relations: (slice, resolve) => {
    const { serviceName, serviceUid, pods } = slice
    if (serviceName === undefined) return []
    const from = refOf(slice, 'Service', serviceName, serviceUid, resolve)
    return pods.map(({ name, uid, ready }) => ({
      kind: 'SELECTS',
      from,
      to: refOf(slice, 'Pod', name, uid, resolve),
      properties: { ready },
    }))
  },
})
