import { setTimeout as delay } from 'node:timers/promises'

/** Asks `probe` until it gives something; after `seconds` fails with `what` was awaited and the last error. */
export async function until<T>(what: string, seconds: number, probe: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    const result = await probe().catch((error: Error) => error)
    if (result && !(result instanceof Error)) return result
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`, { cause: result })
    await delay(200)
  }
}
