import { selectorOf, selectorText } from '../facts/selector.ts'
import { type Specified, specFacts, specifiedOf } from '../facts/spec-change.ts'
import { canonicalAddress, defineKind, given, holds, labelsOf, type Raw, type Thing, trimMeta } from '../kind.ts'

interface Service extends Thing, Specified {
  readonly addresses: readonly string[]
}

export default defineKind<Service>({
  path: '/api/v1/services',
  object: 'Service',
  tells: ['spec-changed'],
  trim: (raw) => {
    const { spec = {}, status } = raw as Raw
    const ips: string[] = spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])
    const own = ips.filter((ip) => ip !== 'None' && ip !== '').map(canonicalAddress)
    const balancers: Raw[] = status?.loadBalancer?.ingress ?? []
    const outside = [...balancers.flatMap(({ ip }) => ip ?? []), ...(spec.externalIPs ?? [])].map(canonicalAddress)
    const names = balancers.flatMap(({ hostname }) => hostname ?? [])
    const external = [...new Set([...outside, ...names])]
    const selector = spec.type === 'ExternalName' ? undefined : spec.selector
    return {
      ...trimMeta(raw, 'Service'),
      addresses: [...own, ...outside],
      ...specifiedOf(raw, spec),
      body: given({
        labels: labelsOf(raw),
        serviceType: spec.type ?? 'ClusterIP',
        clusterIps: own.length ? own : undefined,
        headless: ips.includes('None') || undefined,
        selector: selector && selectorText(selectorOf({ matchLabels: selector })),
        ports: spec.ports?.map(portText),
        externalName: spec.externalName || undefined,
        externalAddresses: external.length ? external : undefined,
      }),
    }
  },
  // (Service)-[:HOLDS]->(Address)
  relations: ({ addresses }) => holds(addresses),
  facts: specFacts,
})

const portText = ({ name, port, protocol = 'TCP', targetPort = port }: Raw): string =>
  `${name ? `${name}:` : ''}${port}/${protocol} -> ${targetPort}`
