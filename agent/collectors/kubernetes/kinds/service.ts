import { canonicalAddress, defineKind, given, holds, labelsOf, type Raw, type Thing, trimMeta } from '../kind.ts'

interface Service extends Thing {
  readonly addresses: readonly string[]
}

export default defineKind<Service>({
  path: '/api/v1/services',
  object: 'Service',
  trim: (raw) => {
    const { spec } = raw as Raw
    const ips: string[] = spec?.clusterIPs ?? (spec?.clusterIP ? [spec.clusterIP] : [])
    const addresses = ips.filter((ip) => ip !== 'None' && ip !== '').map(canonicalAddress)
    return {
      ...trimMeta(raw, 'Service'),
      addresses,
      body: given({
        labels: labelsOf(raw),
        serviceType: spec?.type ?? 'ClusterIP',
        clusterIps: addresses.length ? addresses : undefined,
      }),
    }
  },
  relations: ({ addresses }) => holds(addresses),
})
