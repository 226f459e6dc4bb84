/** What attribution knew of a container when its events were sent. */
import type { K8sContext } from '../../graph/model/context.ts'
import { type AsOf, type Reader, statement } from './read.ts'

const CONTEXTS = statement('contexts')
const NEWEST = statement('generated/newest-context')

/** K8sContexts by key; those that are not there are left out. */
export const contexts = async (reader: Reader, keys: readonly string[]): Promise<Map<string, K8sContext>> => {
  const rows = await reader.read<{ key: string; json: string }>(CONTEXTS, { keys })
  return new Map(rows.map(({ key, json }) => [key, JSON.parse(json) as K8sContext]))
}

/** The newest context known of each pod as of a time: that of its newest event that has one; pods without one are left out. */
export const newestContexts = async (
  reader: Reader,
  podKeys: readonly string[],
  asOf: AsOf,
): Promise<Map<string, K8sContext>> => {
  const rows = await reader.read<{ key: string; json: string }>(NEWEST, { keys: podKeys, ...asOf })
  return new Map(rows.map(({ key, json }) => [key, JSON.parse(json) as K8sContext]))
}
