/** Where patterns are, from the environment. */
import { OWN_PATTERNS } from './pattern.ts'

export interface EngineConfig {
  /** Folders with a folder for each pattern. */
  readonly patternDirs: readonly string[]
}

/** aitia's own patterns, and those in the folder AITIA_PATTERNS. */
export const engineConfig = ({ AITIA_PATTERNS: more }: NodeJS.ProcessEnv = process.env): EngineConfig => ({
  patternDirs: more ? [OWN_PATTERNS, more] : [OWN_PATTERNS],
})
