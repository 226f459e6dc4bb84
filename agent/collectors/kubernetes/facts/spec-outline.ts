import { hash } from 'node:crypto'
import type { Raw } from '../kind.ts'

/**
 * A spec in the form in which two sights are compared: a line for each leaf, its path, a tab and its value. Values that may hold a
 * secret are digests, which never leave the process.
 */
export type Outline = string

/** A leaf that differs. A value is empty where the leaf is not there, and `kept back` where it may hold a secret. */
export interface Difference {
  readonly path: string
  readonly before: string
  readonly after: string
}

/** What is told in place of a value that may hold a secret. */
export const keptBack = 'kept back'

/** Specs of custom kinds can be of any size; what is beyond is one leaf. */
const leafLimit = 500
const textLimit = 200

/**
 * Nothing below them is told: commands, headers and annotations carry passwords as often as variables do, and what drivers of
 * volumes take is theirs to name.
 */
const secret = new Set([
  ...['env', 'command', 'args', 'exec', 'httpHeaders', 'annotations'],
  ...['volumeAttributes', 'options', 'parameters'],
])
/** All below them is told. */
const plain = new Set(['labels', 'matchLabels', 'selector', 'nodeSelector', 'limits', 'requests', 'taints'])
/** Texts that are told: names, addresses and choices. Others are kept back; numbers and booleans are told. */
const told = new Set([
  ...['image', 'imagePullPolicy', 'type', 'protocol', 'port', 'targetPort', 'clusterIP', 'clusterIPs', 'externalName'],
  ...[
    'externalIPs',
    'externalTrafficPolicy',
    'internalTrafficPolicy',
    'sessionAffinity',
    'ipFamilies',
    'ipFamilyPolicy',
  ],
  ...['serviceAccountName', 'priorityClassName', 'runtimeClassName', 'schedulerName', 'restartPolicy', 'dnsPolicy'],
  ...['maxUnavailable', 'maxSurge', 'podManagementPolicy', 'serviceName', 'schedule', 'timeZone', 'concurrencyPolicy'],
  ...['completionMode', 'podReplacementPolicy', 'operator', 'effect', 'key', 'topologyKey', 'whenUnsatisfiable'],
  ...[
    'claimName',
    'secretName',
    'storageClassName',
    'storage',
    'mountPath',
    'name',
    'kubectl.kubernetes.io/restartedAt',
  ],
])
/** What names an item of a list, the first that all its items have and no two share. */
const ids = ['mountPath', 'name', 'key', 'ip', 'containerPort', 'port']
/** The same where values are kept back: a path is told, and a `key` may be what opens something. */
const secretIds = ['name']

interface Place {
  readonly path: string
  readonly key: string
  /** Whether all values below are told (true), none is (false), or each by itself. */
  readonly tells: boolean | undefined
}

/** Of a spec, whole or in part. `isKnown`: its members mean what they mean in Kubernetes; else only `replicas` and a pod template do. */
export function outlineOf(spec: Raw, isKnown = true): Outline {
  const lines: string[] = []
  for (const [key, value] of Object.entries(spec ?? {})) {
    const isTold = isKnown || key === 'template' || key === 'replicas'
    walk(value, { path: joined('', key), key, tells: isTold ? tellsOf(key, undefined) : false }, lines)
  }
  if (lines.length > leafLimit) lines.push(`...\t#${digestOf(lines.splice(leafLimit))}`)
  return lines.join('\n')
}

/** Leaves that differ, in the order of the later one. */
export function differences(before: Outline, after: Outline): Difference[] {
  if (before === after) return []
  const [old, now] = [leavesOf(before), leavesOf(after)]
  const paths = [...new Set([...now.keys(), ...old.keys()])].filter((path) => old.get(path) !== now.get(path))
  // That something is not empty any more its members say.
  const isSaid = (path: string) =>
    [old.get(path), now.get(path)].includes('"{}"') &&
    paths.some((each) => each.startsWith(`${path}.`) || each.startsWith(`${path}[`))
  return paths
    .filter((path) => !isSaid(path))
    .map((path) => ({ path, before: wordsOf(old.get(path)), after: wordsOf(now.get(path)) }))
}

function walk(value: Raw, place: Place, lines: string[]): void {
  if (value === undefined || value === null) return
  const isList = Array.isArray(value)
  if (isList && value.some((item) => typeof item === 'object')) walkItems(value, place, lines)
  else if (isList || typeof value !== 'object') lines.push(lineOf(value, place))
  else if (Object.keys(value).length === 0) lines.push(lineOf('{}', { ...place, tells: true }))
  else
    for (const [key, member] of Object.entries(value))
      walk(member, { path: joined(place.path, key), key, tells: tellsOf(key, place.tells) }, lines)
}

function walkItems(items: Raw[], place: Place, lines: string[]): void {
  const isId = (id: string) =>
    items.every((item) => item?.[id] !== undefined) && new Set(items.map((item) => item[id])).size === items.length
  const id = (place.tells === false ? secretIds : ids).find(isId) ?? ''
  for (const [index, item] of items.entries()) {
    const { [id]: name = index, ...rest } = item ?? {}
    const inside = { ...place, path: `${place.path}[${name}]` }
    // Of a variable not even the structure: whether its value comes from a Secret.
    if (place.tells === false) lines.push(lineOf(item, inside))
    else walk(rest, inside, lines)
  }
}

/** What is once kept back stays so, but for the mark that `kubectl rollout restart` leaves. */
const tellsOf = (key: string, above: boolean | undefined): boolean | undefined => {
  if (key === 'kubectl.kubernetes.io/restartedAt') return true
  if (above !== undefined) return above
  if (secret.has(key)) return false
  return plain.has(key) ? true : undefined
}

function lineOf(value: Raw, { path, key, tells = isTold(key, value) }: Place): string {
  const name = cutPath(path)
  if (!tells) return `${name}\t#${digestOf(value)}`
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text.length > textLimit) return `${name}\t${JSON.stringify(text.slice(0, textLimit))}#${digestOf(value)}`
  return `${name}\t${JSON.stringify(value)}`
}

/** A path as it is told. Two that are cut must stay two: of one name the last would be compared alone. */
const cutPath = (path: string): string => {
  const name = path.replaceAll(/[\t\n]/g, ' ')
  return name.length > textLimit ? `${name.slice(0, textLimit)}...${digestOf(path).slice(0, 8)}` : name
}

const isTold = (key: string, value: Raw): boolean =>
  typeof value === 'number' || typeof value === 'boolean' || told.has(key)

const joined = (path: string, key: string): string => {
  if (!/^[\w-]+$/.test(key)) return `${path}[${key}]`
  return path === '' ? key : `${path}.${key}`
}

const digestOf = (value: Raw): string => hash('sha1', JSON.stringify(value), 'base64url')

const leavesOf = (outline: Outline): Map<string, string> =>
  new Map(outline.split('\n').map((line) => line.split('\t', 2) as [string, string]))

function wordsOf(value: string | undefined): string {
  if (value === undefined) return ''
  if (value.startsWith('#')) return keptBack
  const [, quoted, digest] = /^("(?:[^"\\]|\\.)*")(#.+)?$/.exec(value) ?? []
  if (quoted === undefined) return value
  return digest ? `${JSON.parse(quoted)}...` : JSON.parse(quoted) || '""'
}
