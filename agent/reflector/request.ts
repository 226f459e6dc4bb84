import type { IncomingMessage } from 'node:http'
import http from 'node:http'
import https from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { refresh } from './config.ts'

// Why not the client's own `Watch` (2.0.1): it aborts a watch after 30 s without data, though bookmarks come once a minute; it
// swallows lines that are no JSON together with what callbacks throw; it hides Retry-After and the Status in an error's body.
// We take from the client what is hard, the authenticated request options, and read the answer ourselves.

/** An answer of the API server that is no success: an HTTP status, or an ERROR event inside a watch. */
export class ApiError extends Error {
  readonly httpStatus: number
  readonly reason: string
  /** Milliseconds that the server asks us to stay away. */
  readonly retryAfter: number | undefined

  constructor(asked: string, httpStatus: number, status: StatusBody, retryAfter?: number) {
    super(`${asked}: got ${httpStatus} ${status.reason ?? ''}: ${status.message ?? 'no message'}, expected 200`)
    this.httpStatus = httpStatus
    this.reason = status.reason ?? ''
    const seconds = status.details?.retryAfterSeconds
    this.retryAfter = retryAfter ?? (seconds === undefined ? undefined : seconds * 1000)
  }
}

/** The parts of a `v1.Status` that are read here. */
export interface StatusBody {
  code?: number
  reason?: string
  message?: string
  details?: { retryAfterSeconds?: number }
}

/** A deadline of ours has passed; `deadline` is its name. */
export class DeadlineError extends Error {
  readonly deadline: string

  constructor(deadline: string, message: string) {
    super(message)
    this.deadline = deadline
  }
}

/** Named deadlines that abort one request; `end` leaves no timer behind. */
export class Deadlines {
  readonly #controller = new AbortController()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #stop: AbortSignal
  readonly #onStop = (): void => this.#controller.abort(this.#stop.reason)

  constructor(stop: AbortSignal) {
    this.#stop = stop
    if (stop.aborted) this.#onStop()
    stop.addEventListener('abort', this.#onStop)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  set(name: string, ms: number, message: string): void {
    this.clear(name)
    this.#timers.set(
      name,
      setTimeout(() => this.#controller.abort(new DeadlineError(name, message)), ms),
    )
  }

  clear(name: string): void {
    clearTimeout(this.#timers.get(name))
    this.#timers.delete(name)
  }

  end(): void {
    for (const name of [...this.#timers.keys()]) this.clear(name)
    this.#stop.removeEventListener('abort', this.#onStop)
    this.#controller.abort(new Error('request ended'))
  }
}

/** What is asked of the API: a GET, unless something is to be written. */
interface Request {
  method: 'GET' | 'POST' | 'PUT'
  path: string
  body?: object
}

/** Sends an authenticated GET and resolves with the head of a 200; throws ApiError on any other, or the reason of the abort. */
export const get = (kubeConfig: KubeConfig, path: string, signal: AbortSignal): Promise<IncomingMessage> =>
  send(kubeConfig, { method: 'GET', path }, signal)

async function send(kubeConfig: KubeConfig, asked: Request, signal: AbortSignal): Promise<IncomingMessage> {
  const { method, path, body } = asked
  refresh(kubeConfig)
  const cluster = kubeConfig.getCurrentCluster()
  if (!cluster) throw new Error('the kubeconfig has no current cluster: set current-context')
  const headers = { Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }) }
  const options: https.RequestOptions = { method, headers }
  await kubeConfig.applyToHTTPSOptions(options)
  // The client caches its agent with the certificate that it first saw; one connection for each request reads a renewed one, and
  // belongs to that request alone. Only a proxy needs the client's agent.
  if (!cluster.proxyUrl) options.agent = false
  const url = new URL(cluster.server.replace(/\/$/, '') + path)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const request = (url.protocol === 'http:' ? http : https).request(url, { ...options, signal }, resolve)
    // 4 s idle, then 10 probes of 1 s (libuv fixes these): a dead path ends the connection within the watermark's bound of 15 s.
    request.on('socket', (socket) => socket.setKeepAlive(true, 4_000))
    request.on('error', (error) => reject(signal.aborted ? signal.reason : error))
    request.end(body && JSON.stringify(body))
  })
  const status = response.statusCode!
  if (status === 200 || (status === 201 && method === 'POST')) return response
  const answer = await text(response, signal).catch(() => '')
  throw new ApiError(`${method} ${url.pathname}`, status, statusOf(answer), retryAfter(response.headers['retry-after']))
}

const answerMs = 10_000

/** The answer to one question, within 10 s. */
export const getJson = <T>(kubeConfig: KubeConfig, path: string, stop: AbortSignal): Promise<T> =>
  askJson(kubeConfig, { method: 'GET', path }, stop)

/** The answer to a question or a write, within `ms`. */
export async function askJson<T>(kubeConfig: KubeConfig, asked: Request, stop: AbortSignal, ms = answerMs): Promise<T> {
  const deadlines = new Deadlines(stop)
  try {
    deadlines.set('answer', ms, `${asked.method} ${asked.path}: got no answer in ${ms} ms`)
    const response = await send(kubeConfig, asked, deadlines.signal)
    return JSON.parse(await text(response, deadlines.signal))
  } finally {
    deadlines.end()
  }
}

/** The whole body; throws the reason of the abort. */
export async function text(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  let body = ''
  for await (const chunk of chunks(response, signal)) body += chunk
  return body
}

/** A line longer than any object that etcd would store. */
const lineLimit = 32 * 1024 * 1024

/** The complete lines of each piece that arrives; a line without its end is dropped, and `onHalf` told. */
export async function* lines(
  response: IncomingMessage,
  signal: AbortSignal,
  onHalf: () => void,
): AsyncGenerator<string[]> {
  let rest: string[] = []
  let length = 0
  try {
    for await (const chunk of chunks(response, signal)) {
      const parts = chunk.split('\n')
      const last = parts.pop()!
      if (parts.length) {
        parts[0] = rest.join('') + parts[0]
        rest = []
        length = 0
      }
      if (last) rest.push(last)
      length += last.length
      if (length > lineLimit) throw new Error(`got a line of more than ${lineLimit} characters, expected a JSON object`)
      yield parts.filter((line) => line !== '')
    }
  } finally {
    if (rest.length) onHalf()
  }
}

async function* chunks(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<string> {
  response.setEncoding('utf8')
  try {
    for await (const chunk of response) yield chunk
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  }
}

function statusOf(body: string): StatusBody {
  try {
    const status = JSON.parse(body)
    return typeof status === 'object' && status !== null ? status : { message: body.slice(0, 200) }
  } catch {
    return { message: body.slice(0, 200) }
  }
}

function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
