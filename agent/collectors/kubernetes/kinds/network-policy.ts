import type { Declaration } from '../../../../graph/model/observation.ts'
import { type Selector, selectorOf, selectorText, selects } from '../facts/selector.ts'
import { type AllRef, type Among, defineKind, given, labelsOf, type Raw, type Thing, trimMeta } from '../kind.ts'

interface NetworkPolicy extends Thing {
  readonly selector: Selector
  readonly ingress: boolean
  readonly egress: boolean
}

export default defineKind<NetworkPolicy>({
  path: '/apis/networking.k8s.io/v1/networkpolicies',
  object: 'NetworkPolicy',
  trim: (raw) => {
    const spec: Raw = (raw as Raw).spec ?? {}
    const selector = selectorOf(spec.podSelector ?? {})
    const policyTypes: string[] = spec.policyTypes ?? ['Ingress', ...(spec.egress ? ['Egress'] : [])]
    const [ingress, egress] = ['Ingress', 'Egress'].map((type) => policyTypes.includes(type)) as [boolean, boolean]
    return {
      ...trimMeta(raw, 'NetworkPolicy'),
      ...{ selector, ingress, egress },
      body: given({
        labels: labelsOf(raw),
        podSelector: selectorText(selector),
        policyTypes,
        ingressRules: ingress
          ? (spec.ingress ?? []).map((rule: Raw) => ruleText('from', rule.from, rule.ports))
          : undefined,
        egressRules: egress ? (spec.egress ?? []).map((rule: Raw) => ruleText('to', rule.to, rule.ports)) : undefined,
      }),
    }
  },
})

/** All policies that could apply to a pod of the namespace. */
export const policiesOf = (namespace: string): AllRef => ({ kind: 'NetworkPolicy', namespace })

/** (NetworkPolicy)-[:APPLIES_TO]->(this pod) */
export const policiesOn = (labels: readonly string[], namespace: string, among: Among): Declaration[] =>
  // What this kind trimmed is its own.
  [...(among(policiesOf(namespace)) as Iterable<NetworkPolicy>)]
    .filter(({ selector }) => selects(selector, labels))
    .map(
      ({ ref, ingress, egress }): Declaration => ({ kind: 'APPLIES_TO', from: ref, properties: { ingress, egress } }),
    )
    .sort((a, b) => (a.from!.key < b.from!.key ? -1 : 1))

/** `from pods app=web in namespaces team=shop, 10.0.0.0/8 except 10.1.0.0/16 on TCP/80` */
function ruleText(word: string, peers: Raw[] | undefined, ports: Raw[] | undefined): string {
  const who = peers?.length ? peers.map(peerText).join(', ') : 'anywhere'
  return `${word} ${who}${ports?.length ? ` on ${ports.map(portText).join(', ')}` : ''}`
}

function peerText({ ipBlock, podSelector, namespaceSelector }: Raw): string {
  if (ipBlock) return `${ipBlock.cidr}${ipBlock.except?.length ? ` except ${ipBlock.except.join(', ')}` : ''}`
  const words = (what: string, selector: Raw) => {
    const text = selectorText(selectorOf(selector))
    return text === '' ? `all ${what}` : `${what} ${text}`
  }
  const pods = words('pods', podSelector ?? {})
  return namespaceSelector ? `${pods} in ${words('namespaces', namespaceSelector)}` : pods
}

const portText = ({ protocol = 'TCP', port, endPort }: Raw): string =>
  `${protocol}${port === undefined ? '' : `/${port}`}${endPort === undefined ? '' : `-${endPort}`}`
