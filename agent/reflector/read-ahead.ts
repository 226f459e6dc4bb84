/**
 * What arrives while the consumer is at work comes to it as one piece: a watch is read in pieces of some kilobytes, and a consumer
 * that waits with each would be slower than a busy cluster. Reads no further once about `limit` items wait. What arrived before an
 * error is yielded before it is thrown. A consumer that goes early has to end the pieces itself.
 */
export async function* readAhead<T>(pieces: AsyncIterable<T[]>, limit: number): AsyncGenerator<T[]> {
  let waiting: T[] = []
  let ended = false
  let arrival = Promise.withResolvers<void>()
  let room = Promise.withResolvers<void>()
  const read = async (): Promise<void> => {
    try {
      for await (const piece of pieces) {
        for (const item of piece) waiting.push(item)
        if (waiting.length > 0) arrival.resolve()
        if (waiting.length >= limit) await room.promise
      }
    } finally {
      ended = true
      arrival.resolve()
    }
  }
  const reading = read()
  // Told below, where the consumer is still there.
  reading.catch(() => {})
  while (!ended || waiting.length > 0) {
    await arrival.promise
    const items = waiting
    waiting = []
    room.resolve()
    room = Promise.withResolvers()
    if (!ended) arrival = Promise.withResolvers()
    if (items.length > 0) yield items
  }
  await reading
}
