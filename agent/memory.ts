import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Keeps the process small. V8's young generation stays as large as it is now (to set its limit has no effect any more): it grows to
 * twice 8 MB while an agent's code is loaded, and on the garbage of a first list to three times 16. The old one is not looked through
 * before it has grown by some 100 MB, unless it has been once, and from then on may double before it is again (here it may grow by a
 * third), and till then what buffers outside the heap take stays taken. Called before code is loaded and anything is read.
 */
export function keepSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=30')
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
}
