import type { Declaration } from '../../../../graph/model/observation.ts'
import { canonicalAddress, defineKind, given, labelsOf, type NameRef, type Raw, type Thing, trimMeta } from '../kind.ts'

interface Route {
  readonly host?: string
  readonly path?: string
  readonly service: string
  readonly port: string
}

interface Ingress extends Thing {
  readonly routes: readonly Route[]
  /** Names of Secrets, each once. */
  readonly certificates: readonly string[]
}

const serviceOf = ({ ref }: Ingress, { service }: Route): NameRef => ({
  ...{ kind: 'Service', namespace: ref.namespace ?? '', name: service },
})

const certificatesOf = ({ ref, certificates }: Ingress): NameRef[] =>
  certificates.map((name) => ({ kind: 'Secret', namespace: ref.namespace ?? '', name }))

export default defineKind<Ingress>({
  path: '/apis/networking.k8s.io/v1/ingresses',
  object: 'Ingress',
  trim: (raw) => {
    const { spec = {}, status } = raw as Raw
    const routes = routesOf(spec)
    const tlsSecrets: string[] = (spec.tls ?? []).flatMap(({ secretName }: Raw) => secretName || [])
    const addresses: string[] = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }: Raw) =>
      ip ? canonicalAddress(ip) : (hostname ?? []),
    )
    return {
      ...trimMeta(raw, 'Ingress'),
      routes,
      certificates: [...new Set(tlsSecrets)],
      body: given({
        labels: labelsOf(raw),
        ingressClass: spec.ingressClassName,
        rules: routes.map(({ host = '*', path = '', service, port }) => `${host}${path} -> ${service}:${port}`).sort(),
        tlsSecrets: tlsSecrets.length ? tlsSecrets : undefined,
        addresses: addresses.length ? addresses : undefined,
      }),
    }
  },
  references: (ingress) => [...ingress.routes.map((route) => serviceOf(ingress, route)), ...certificatesOf(ingress)],
  // (Ingress)-[:ROUTES_TO]->(Service), (Ingress)-[:USES]->(Secret)
  relations: (ingress, resolve) => [
    ...ingress.routes.map((route): Declaration => {
      const { service: _, ...properties } = route
      return { kind: 'ROUTES_TO', to: resolve(serviceOf(ingress, route)), properties }
    }),
    ...certificatesOf(ingress).map(
      (secret): Declaration => ({ kind: 'USES', to: resolve(secret), properties: { role: 'tls' } }),
    ),
  ],
})

/** Backends that are Services, each rule once; one without host and path takes what no rule does. */
function routesOf({ rules = [], defaultBackend }: Raw): Route[] {
  const route = (service: Raw, more: { host?: string; path?: string }): Route[] =>
    service?.name
      ? [{ ...given(more), service: service.name, port: String(service.port?.name || (service.port?.number ?? '')) }]
      : []
  const routes = rules.flatMap(({ host, http }: Raw) =>
    (http?.paths ?? []).flatMap(({ path, backend }: Raw) => route(backend?.service, { host, path })),
  )
  const all: Route[] = [...routes, ...route(defaultBackend?.service, {})]
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()]
}
