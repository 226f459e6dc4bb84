/** Where the engine's patterns and queue are, from the environment. */
import { OWN_PATTERNS } from './pattern.ts'

export interface EngineConfig {
  readonly patternDirs: readonly string[]
  /** Absent: the engine looks for itself each second. */
  readonly queue?: { readonly redisUrl: string; readonly prefix: string }
}

/** AITIA_PATTERNS (a folder of patterns beside aitia's own), AITIA_REDIS_URL and AITIA_QUEUE_PREFIX (`aitia`). */
export const engineConfig = (environment: NodeJS.ProcessEnv = process.env): EngineConfig => {
  const { AITIA_PATTERNS: own, AITIA_REDIS_URL: redisUrl, AITIA_QUEUE_PREFIX: prefix = 'aitia' } = environment
  return {
    patternDirs: own ? [OWN_PATTERNS, own] : [OWN_PATTERNS],
    ...(redisUrl ? { queue: { redisUrl, prefix } } : {}),
  }
}
