/** The engine: patterns in, verdicts and incidents out. */
import { openPatternQueue } from '../../graph/queue/main.ts'
import { applySchema, openStore, storeConfig } from '../../graph/store/main.ts'
import { type EngineConfig, engineConfig } from './config.ts'
import { createCorrelator } from './correlator.ts'

export { type CaseReport, casesOf, outcomesOf, testPattern } from './cases.ts'
export { type EngineConfig, engineConfig } from './config.ts'
export { type Correlator, type CorrelatorOptions, createCorrelator, type Run } from './correlator.ts'
export { evaluate, type View } from './evaluate.ts'
export { compare } from './expectation.ts'
export type { Content, Judgement } from './judgement.ts'
export { lintPattern } from './lint.ts'
export { loadPattern, loadPatterns, OWN_PATTERNS, type Pattern, stepsParameter } from './pattern.ts'
export { removeCluster } from './remove-cluster.ts'

interface Log {
  error(details: object, message: string): void
}

/** Runs the engine until it is stopped. Any number may run beside each other, on any machine. */
export const runCorrelator = async (
  log: Log,
  { patternDirs, queue }: EngineConfig = engineConfig(),
): Promise<{ stop(): Promise<void> }> => {
  const store = openStore(storeConfig())
  await store.verify()
  await applySchema(store)
  const correlator = createCorrelator({
    store,
    patternDirs,
    ...(queue ? { queue: (pattern, run) => openPatternQueue({ ...queue, pattern }, run) } : {}),
    onError: (error) => log.error({ error }, 'patterns were not evaluated; they are tried again'),
  })
  await correlator.start()
  return {
    stop: async () => {
      await correlator.stop()
      await store.close()
    },
  }
}
