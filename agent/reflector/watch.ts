import type { RawObject, Source } from './list.ts'
import { ApiError, type Deadlines, get, lines, type StatusBody } from './request.ts'
import { between, type Timings } from './timings.ts'

/** One line of a watch; ERROR is thrown instead. */
export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  object: RawObject
}

/** An ERROR event or a line that is no event: asking again from the same version may bring it again. */
export class StreamError extends Error {}

/** How a watch begins: with all objects (as of a version no older than this) and then a bookmark, or from a version. */
export type Beginning =
  | { initial: true; notOlderThan: string | undefined }
  | { initial: false; resourceVersion: string }

const path = (source: Source, beginning: Beginning, seconds: number): string => {
  const query = new URLSearchParams({ ...source.query, watch: '1', allowWatchBookmarks: 'true' })
  query.set('timeoutSeconds', String(seconds))
  if (beginning.initial) {
    // Without a resourceVersion this is a consistent read; with "0" an old cache could answer.
    query.set('sendInitialEvents', 'true')
    query.set('resourceVersionMatch', 'NotOlderThan')
    if (beginning.notOlderThan) query.set('resourceVersion', beginning.notOlderThan)
  } else query.set('resourceVersion', beginning.resourceVersion)
  return `${source.path}?${query}`
}

/**
 * The events of one watch, in the pieces in which they arrive; ends when the server ends it. Throws ApiError, StreamError,
 * DeadlineError, or what the socket says; the events before the error have been yielded by then.
 */
export async function* watch(
  source: Source,
  beginning: Beginning,
  timings: Timings,
  deadlines: Deadlines,
  onOpen: () => void,
  onHalf: () => void,
): AsyncGenerator<WatchEvent[]> {
  const length = between(timings.watch)
  const seconds = Math.max(1, Math.floor(length / 1000))
  const name = `GET ${source.path}`
  deadlines.set('answer', timings.answer, `${name}: got no answer in ${timings.answer} ms`)
  const response = await get(source.kubeConfig, path(source, beginning, seconds), deadlines.signal)
  deadlines.clear('answer')
  // Never before the server's: that counts whole seconds, from the request on.
  const past = `${name}: the watch went on past its ${seconds} s and ${timings.grace} ms`
  deadlines.set('watch', length + timings.grace, past)
  onOpen()
  const listen = (): void => deadlines.set('silence', timings.silence, `${name}: got nothing for ${timings.silence} ms`)
  listen()
  for await (const batch of lines(response, deadlines.signal, onHalf)) {
    deadlines.clear('silence')
    const events: WatchEvent[] = []
    for (const line of batch) {
      const event = parse(line)
      if (event instanceof Error) {
        yield events
        throw event
      }
      events.push(event)
    }
    yield events
    listen()
  }
}

function parse(line: string): WatchEvent | Error {
  try {
    const event = JSON.parse(line)
    if (event.type === 'ERROR') return errorOf(event.object)
    if (['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'].includes(event.type) && event.object?.metadata) return event
  } catch {
    // Told below with the line itself.
  }
  return new StreamError(`got ${JSON.stringify(line.slice(0, 120))}, expected a watch event as one line of JSON`)
}

function errorOf(status: StatusBody): Error {
  const code = status?.code ?? 0
  if (code === 410 || code === 429 || status?.reason === 'Expired') return new ApiError('a watch', code, status)
  return new StreamError(`the watch got ERROR ${code} ${status?.reason ?? ''}: ${status?.message ?? 'no message'}`)
}
