/**
 * Objects as a document names them: `Pod/shop/checkout-1`, `Node/node-1`, `Deployment/shop/checkout` (a Workload of that
 * kind), `Workload/shop/canary:Rollout` (one of a custom kind). `#2` at the end tells apart what had the same name: it is
 * part of the key, not of the name. The key is the text itself, but for containers, hosts and addresses, which have no
 * namespace: there it is the part after the kind.
 */
import { OBJECTS } from '../generated/registry.ts'
import type { ObjectName } from '../generated/types.ts'
import type { ObjectRef } from '../observation.ts'

/** Kinds that are named by their key. */
const BY_KEY: ReadonlySet<string> = new Set(['Container', 'Host', 'Address'])

const workloadKinds = new Set(OBJECTS.Workload.alsoLabelled)

const kindOf = (text: string): { kind: ObjectName; workloadKind?: string } | null => {
  if (workloadKinds.has(text)) return { kind: 'Workload', workloadKind: text }
  return text in OBJECTS ? { kind: text as ObjectName } : null
}

/** A reference from text, or a whole one as it is. */
export const refOf = (where: string, value: unknown): ObjectRef => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as ObjectRef
  const expected = (what: string): never => {
    throw new Error(`${where}: got ${JSON.stringify(value) ?? 'nothing'}, expected ${what}`)
  }
  const parts = typeof value === 'string' ? /^([A-Z]\w*)\/(.+)$/.exec(value) : null
  const named = parts && kindOf(parts[1] ?? '')
  if (!parts || !named)
    return expected(
      `Kind/namespace/name or Kind/name with a kind of ${[...Object.keys(OBJECTS), ...workloadKinds].join(', ')}`,
    )
  const rest = parts[2] ?? ''
  if (BY_KEY.has(named.kind))
    return { kind: named.kind, key: rest, ...(named.kind === 'Container' ? {} : { name: rest }) }
  const path = rest.replace(/#\w+$/, '').split('/')
  const wanted = OBJECTS[named.kind].namespaced ? 2 : 1
  if (path.length !== wanted || path.includes(''))
    return expected(wanted === 2 ? `${parts[1]}/namespace/name` : `${parts[1]}/name`)
  const [name = '', custom] = (path.at(-1) ?? '').split(':')
  return {
    kind: named.kind,
    key: String(value),
    name,
    ...(wanted === 2 ? { namespace: path[0] ?? '' } : {}),
    ...((custom ?? named.workloadKind) === undefined ? {} : { workloadKind: custom ?? named.workloadKind ?? '' }),
  }
}
