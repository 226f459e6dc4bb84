/** The containers of a pod's spec, as its states tell them. */

export interface Specified {
  readonly name: string
  readonly role: string
  /** Of memory, in bytes; null where none is set. */
  readonly limit: number | null
  readonly restarts: number
}

/** Of a pod's body: each container as `name=role:limit:restarts`. */
export const specifiedIn = ({ containers = [] }: { readonly containers?: readonly string[] }): Specified[] =>
  containers.map((each) => {
    const [name = '', rest = ''] = each.split('=')
    const [role = '', limit = '-', restarts = ''] = rest.split(':')
    return { name, role, limit: limit === '-' ? null : Number(limit), restarts: Number(restarts) }
  })

/** How a pod's body begins to tell a container, in JSON: so far it is the same whatever its limit, and up to its limit. */
export const textsOf = ({ name, role, limit }: Specified): { any: string; same: string } => ({
  any: `"${name}=${role}:`,
  same: `"${name}=${role}:${limit ?? '-'}:`,
})
