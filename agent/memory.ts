import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Keeps the process small. V8's young generation else grows to three times 16 MB on the garbage of a first list; its old one is not
 * looked through before it has grown by some 100 MB, unless it has been once, and from then on may double before it is again (here
 * it may grow by a third), and till then what buffers outside the heap take stays taken. Called before anything is read.
 */
export function keepSmall(): void {
  setFlagsFromString('--max-semi-space-size=4')
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=30')
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
}
