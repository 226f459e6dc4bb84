/** The way into the graph: batches from the queue, recordings and cases. */
export { InvalidBatch } from './invalid-batch.ts'
export { type LoadOptions, loadRecording } from './load.ts'
export { writePlaceholders } from './placeholders.ts'
export { removeCluster } from './remove.ts'
export { type Ages, clocks, DAY, type Horizon, horizonOf, type Removed, retain, sweep } from './retention.ts'
export { warmUpWriter } from './warm-up.ts'
export { createWriter, type Writer, type Written } from './writer.ts'
export { isWritten } from './written.ts'
