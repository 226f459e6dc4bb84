import type { KubeConfig } from '@kubernetes/client-node'
import { Deadlines, get, text } from './request.ts'
import type { Timings } from './timings.ts'

/** An object of the API as raw JSON: times are strings, and the items of a list lack `kind` and `apiVersion`. */
export interface RawObject {
  metadata: { uid: string; name: string; namespace?: string; resourceVersion: string; [field: string]: unknown }
  [field: string]: unknown
}

/** What is listed and watched. */
export interface Source {
  kubeConfig: KubeConfig
  /** Of the collection, such as `/api/v1/pods`. */
  path: string
  /** `fieldSelector`, `labelSelector`. */
  query?: Record<string, string>
}

interface Page {
  metadata: { resourceVersion: string; continue?: string }
  items: RawObject[] | null
}

/** 500 pods are about 5 MB of JSON, the most that is held untrimmed. */
const limit = '500'

/**
 * All objects, page by page. `from`: a version that the list may not be older than; undefined: a consistent read.
 * Resolves with the list's version, which all its pages share.
 */
export async function list(
  source: Source,
  from: string | undefined,
  timings: Timings,
  stop: AbortSignal,
  onItem: (raw: RawObject) => void,
): Promise<string> {
  let next: string | undefined
  let version = ''
  do {
    const query = new URLSearchParams({ ...source.query, limit })
    if (next) query.set('continue', next)
    else if (from) {
      query.set('resourceVersion', from)
      query.set('resourceVersionMatch', 'NotOlderThan')
    }
    const page = await getPage(source, query, timings, stop)
    for (const item of page.items ?? []) onItem(item)
    version ||= page.metadata.resourceVersion
    next = page.metadata.continue
  } while (next)
  return version
}

async function getPage(source: Source, query: URLSearchParams, timings: Timings, stop: AbortSignal): Promise<Page> {
  const deadlines = new Deadlines(stop)
  try {
    deadlines.set('page', timings.page, `GET ${source.path}: got no whole page in ${timings.page} ms`)
    const response = await get(source.kubeConfig, `${source.path}?${query}`, deadlines.signal)
    const page = JSON.parse(await text(response, deadlines.signal))
    if (typeof page?.metadata?.resourceVersion === 'string') return page
    throw new Error(`GET ${source.path}: got JSON without metadata.resourceVersion, expected a list`)
  } finally {
    deadlines.end()
  }
}
