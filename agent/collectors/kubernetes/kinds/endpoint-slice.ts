import { endpointsOf, ServiceEndpoints, type Slice } from '../facts/service-endpoints.ts'
import { defineKind, given, type NameRef, type Raw, trimMeta } from '../kind.ts'

interface EndpointSlice extends Slice {
  /** UID of the Service where an owner reference gives it. */
  readonly serviceUid: string | undefined
  readonly serviceName: string | undefined
  /** Pods by name, each once: an endpoint for each of its addresses would repeat it. */
  readonly pods: readonly { readonly name: string; readonly uid: string | undefined; readonly ready: boolean }[]
}

const serviceOf = ({ serviceName, serviceUid, ref }: EndpointSlice): NameRef[] =>
  serviceName === undefined
    ? []
    : [
        {
          kind: 'Service',
          namespace: ref.namespace ?? '',
          name: serviceName,
          lasting: true,
          ...given({ uid: serviceUid }),
        },
      ]

const podOf = ({ ref }: EndpointSlice, { name, uid }: EndpointSlice['pods'][number]): NameRef => ({
  ...{ kind: 'Pod', namespace: ref.namespace ?? '', name, lasting: true },
  ...given({ uid }),
})

// (Service)-[:SELECTS]->(Pod)
export default defineKind<EndpointSlice>({
  path: '/apis/discovery.k8s.io/v1/endpointslices',
  object: 'EndpointSlice',
  tells: ['endpoints-changed'],
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
    const addresses = endpoints.flatMap((endpoint) =>
      endpoint.targetRef?.kind === 'Pod'
        ? []
        : (endpoint.addresses as string[]).map((address) => `${address}${isReady(endpoint) ? '' : ' (not ready)'}`),
    )
    const serviceName = (raw.metadata.labels as Raw)?.['kubernetes.io/service-name'] as string | undefined
    const owners = (raw.metadata.ownerReferences ?? []) as { kind: string; name: string; uid: string }[]
    return {
      ...trimMeta(raw, 'EndpointSlice'),
      serviceName,
      serviceUid: owners.find(({ kind, name }) => kind === 'Service' && name === serviceName)?.uid,
      pods: [...pods.values()],
      counted: endpointsOf(raw),
      body: given({
        serviceName,
        addressType: (raw as Raw).addressType,
        endpoints: endpoints.length,
        readyEndpoints: endpoints.filter(isReady).length,
        addresses: addresses.length ? addresses : undefined,
      }),
    }
  },
  references: (slice) => {
    const service = serviceOf(slice)
    return [...service, ...(service.length ? slice.pods.map((pod) => podOf(slice, pod)) : [])]
  },
  relations: (slice, resolve) =>
    serviceOf(slice).flatMap((service) => {
      const from = resolve(service)
      return slice.pods.map((pod) => ({
        kind: 'SELECTS',
        from,
        to: resolve(podOf(slice, pod)),
        properties: { ready: pod.ready },
      }))
    }),
  follow: () => new ServiceEndpoints((slice) => serviceOf(slice)[0]),
})
