/** Tables of reference pages, in Markdown. */
const cell = (text: string): string => text.replaceAll('|', '\\|')

export const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')

/** What of a JSON schema a table tells. */
interface Told {
  readonly title?: string
  readonly description?: string
  readonly $ref?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly type?: string
  readonly anyOf?: readonly Told[]
  readonly items?: Told
  readonly properties?: Readonly<Record<string, Told>>
  readonly required?: readonly string[]
  readonly default?: unknown
}

const code = (value: unknown): string => `\`${value}\``

/** What a value is. A title says it where it would take the schema more than a word. */
const wordOf = (told: Told): string => {
  if (told.title !== undefined) return told.title
  if (told.$ref !== undefined) return told.$ref.split('/').at(-1) as string
  if (told.const !== undefined) return code(told.const)
  if (told.enum !== undefined) return told.enum.map(code).join(' or ')
  if (told.anyOf !== undefined) return told.anyOf.map(wordOf).join(' or ')
  if (told.items !== undefined) return `${wordOf(told.items)}[]`
  return told.type === 'object' ? 'map' : (told.type ?? 'any')
}

const isLeftOut = (told: Told, required: boolean): string => {
  if (told.default === undefined || Array.isArray(told.default)) return required ? '' : ', optional'
  return `, else ${code(told.default)}`
}

const keysOf = (told: Told, before = ''): string[][] =>
  Object.entries(told.properties ?? {}).flatMap(([name, value]) => {
    const type = wordOf(value) + isLeftOut(value, told.required?.includes(name) === true)
    return [[code(before + name), type, value.description ?? ''], ...keysOf(value, `${before}${name}.`)]
  })

/** The keys of a map by its JSON schema; those of a map within it follow, with a dot between. */
export const keyTable = (schema: object): string => table(['key', 'type', 'meaning'], keysOf(schema as Told))
