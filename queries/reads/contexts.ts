/** What attribution knew of a container when its events were sent. */
import type { K8sContext } from '../../graph/model/context.ts'
import { type Reader, statement } from './read.ts'

const CONTEXTS = statement('contexts')

/** K8sContexts by key; those that are not there are left out. */
export const contexts = async (reader: Reader, keys: readonly string[]): Promise<Map<string, K8sContext>> => {
  const rows = await reader.read<{ key: string; json: string }>(CONTEXTS, { keys })
  return new Map(rows.map(({ key, json }) => [key, JSON.parse(json) as K8sContext]))
}
