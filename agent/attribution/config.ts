import type { Environment } from '../reflector/config.ts'

/** The node whose pods are this machine's; undefined where it is to be found by the boot id. */
export const nodeNameOf = (environment: Environment = process.env): string | undefined =>
  environment.AITIA_NODE_NAME || undefined

/** AITIA_ANNOTATIONS: beginnings of the names of annotations that contexts hold, with commas between. None unless said so. */
export const annotationPrefixesOf = (environment: Environment = process.env): string[] =>
  (environment.AITIA_ANNOTATIONS ?? '').split(',').flatMap((prefix) => prefix.trim() || [])
