const pending = new Set<() => void>()
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs a synchronous clean-up when this process ends by itself, by an uncaught error or by a signal, unless it is
 * taken back first by the function that is returned.
 */
export function atEnd(cleanUp: () => void): () => void {
  if (pending.size === 0) {
    process.on('exit', runAll)
    for (const signal of signals) process.on(signal, onSignal)
  }
  pending.add(cleanUp)
  return () => {
    pending.delete(cleanUp)
    if (pending.size > 0) return
    process.off('exit', runAll)
    for (const signal of signals) process.off(signal, onSignal)
  }
}

function runAll(): void {
  for (const cleanUp of [...pending].reverse()) {
    try {
      cleanUp()
    } catch (error) {
      // The others' turn must come all the same.
      console.error(error)
    }
  }
  pending.clear()
}

function onSignal(signal: NodeJS.Signals): void {
  runAll()
  process.off('exit', runAll)
  for (const name of signals) process.off(name, onSignal)
  // With the other listeners' consent only: a host program may end in its own way.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}
