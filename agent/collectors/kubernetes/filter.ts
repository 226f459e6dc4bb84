import type { RawObject } from '../../reflector/list.ts'
import type { Settings } from './config.ts'
import { type AnyKind, given, type Raw, type Trimmed } from './kind.ts'

/** Names to include (all, where none is said) and to leave out. */
export interface Choice {
  readonly only: readonly string[]
  readonly except: readonly string[]
}

/** What a collector is told to leave out of what the API shows. */
export interface Filter {
  readonly namespaces: Choice
  /** By the names that kubectl uses: `pods`, `deployments.apps`. */
  readonly kinds: Choice
  /** Of objects in namespaces: `key` or `key=value`. */
  readonly labels: Choice
}

/** On an object, or on a namespace for all that is in it: leaves it out. */
export const ignoreAnnotation = 'aitia.dev/ignore'

/** Commas between; `!` before what is left out; `*` at the end stands for anything. */
export const choiceOf = (text = ''): Choice => {
  const all = text.split(',').flatMap((each) => each.trim() || [])
  return {
    only: all.filter((each) => !each.startsWith('!')),
    except: all.flatMap((each) => (each.startsWith('!') ? each.slice(1) : [])),
  }
}

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern

/** Whether something with these names is chosen: what is left out by one of them is, whatever else includes it. */
export const isChosen = ({ only, except }: Choice, ...names: readonly string[]): boolean => {
  const has = (patterns: readonly string[]) => patterns.some((each) => names.some((name) => matches(each, name)))
  return !has(except) && (only.length === 0 || has(only))
}

/** The namespace that an object is in, that it is, or that the object of an Event is in; undefined for those of the whole cluster. */
export const namespaceOf = (raw: RawObject, path: string): string | undefined => {
  const { metadata, involvedObject } = raw as Raw
  if (involvedObject !== undefined) return involvedObject.namespace || undefined
  return path === '/api/v1/namespaces' ? metadata.name : metadata.namespace
}

/** Whether an object is left out, as far as it tells by itself. */
export const isLeftOut = (raw: RawObject, path: string, { namespaces, labels }: Filter): boolean => {
  const { annotations, labels: own } = raw.metadata as { annotations?: Raw; labels?: Record<string, string> }
  if (annotations?.[ignoreAnnotation] === 'true') return true
  const namespace = namespaceOf(raw, path)
  if (namespace === undefined) return false
  if (!isChosen(namespaces, namespace)) return true
  // Events and namespaces have no labels that say whose they are.
  if (!raw.metadata.namespace || 'involvedObject' in raw) return false
  return !isChosen(labels, ...Object.entries(own ?? {}).flatMap(([key, value]) => [key, `${key}=${value}`]))
}

export const takesAll: Filter = { namespaces: choiceOf(), kinds: choiceOf(), labels: choiceOf() }

/** What is kept of an object; of one that is left out only that it is there, so that a reference to it is not called missing. */
export function trimmed(kind: AnyKind, raw: RawObject, settings: Settings): Trimmed {
  const whole: Trimmed = kind.trim(raw, settings)
  const namespace = kind.object === undefined ? namespaceOf(raw, kind.path) : undefined
  if (!isLeftOut(raw, kind.path, settings.filter ?? takesAll)) return { ...whole, ...given({ namespace }) }
  const { uid, createdAt, version, ref } = whole
  return { ...{ uid, createdAt, version, leftOut: true }, ...given({ ref, namespace }) }
}
