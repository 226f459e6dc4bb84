import type { IncomingMessage, ServerResponse } from 'node:http'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { KubeConfig } from '@kubernetes/client-node'
import type { RawObject } from '../list.ts'

/** For tests: a server of one kind, `/api/v1/things`, with a history, that fails as it is told to. Not an API server: see cluster.test.ts. */
export class FaultyServer {
  readonly objects = new Map<string, RawObject>()
  /** One for each request to come; `undefined` answers well. */
  readonly faults: (Fault | undefined)[] = []
  readonly requests: URLSearchParams[] = []
  /** 422 for sendInitialEvents, as a server without the feature answers. */
  watchList = true
  pageLimit = Number.POSITIVE_INFINITY
  #version = 10
  #uid = 0
  #compacted = 0
  #history: { version: number; type: string; object: RawObject }[] = []
  #garbled = false
  #snapshots = new Map<string, { version: string; items: RawObject[] }>()
  #watches = new Set<ServerResponse>()
  #server = http.createServer((request, response) => this.#answer(request, response))

  async listen(): Promise<KubeConfig> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const { port } = this.#server.address() as AddressInfo
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromOptions({
      clusters: [{ name: 'faulty', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
      users: [{ name: 'nobody' }],
      contexts: [{ name: 'faulty', cluster: 'faulty', user: 'nobody' }],
      currentContext: 'faulty',
    })
    return kubeConfig
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  get watching(): number {
    return this.#watches.size
  }

  get version(): string {
    return String(this.#version)
  }

  create(name: string): RawObject {
    const uid = `uid-${++this.#uid}`
    return this.#record('ADDED', {
      kind: 'Thing',
      metadata: { uid, name, namespace: 'n', resourceVersion: '' },
      padding: 'x',
    })
  }

  update(name: string): RawObject {
    const { metadata, ...rest } = this.objects.get(name)!
    return this.#record('MODIFIED', { ...rest, metadata: { ...metadata } })
  }

  delete(name: string): RawObject {
    const { metadata, ...rest } = this.objects.get(name)!
    return this.#record('DELETED', { ...rest, metadata: { ...metadata } })
  }

  /** Forgets the history: watches that resume from before get 410. */
  compact(): void {
    this.#compacted = this.#version
    this.#history = []
  }

  bookmark(annotations?: Record<string, string>): void {
    this.say(line('BOOKMARK', { kind: 'Thing', metadata: { resourceVersion: this.version, annotations } }))
  }

  /** Sends raw text on all watches. */
  say(text: string | Uint8Array): void {
    for (const watch of this.#watches) watch.write(text)
  }

  /** The next change is sent as a line that is no JSON. */
  garble(): void {
    this.#garbled = true
  }

  /** Cuts all watches; `politely` as at their timeoutSeconds. */
  cut(politely = false): void {
    for (const watch of this.#watches) {
      if (politely) watch.end()
      else watch.destroy()
    }
    this.#watches.clear()
  }

  /** A line of a watch about an event of the past, by its place from the end. */
  past(back: number): string | undefined {
    const event = this.#history.at(-1 - back)
    return event && line(event.type, event.object)
  }

  #record(type: string, object: RawObject): RawObject {
    object.metadata.resourceVersion = String(++this.#version)
    if (type === 'DELETED') this.objects.delete(object.metadata.name)
    else this.objects.set(object.metadata.name, object)
    this.#history.push({ version: this.#version, type, object })
    this.say(line(type, object).slice(this.#garbled ? 1 : 0))
    this.#garbled = false
    return object
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const query = new URL(request.url!, 'http://localhost').searchParams
    this.requests.push(query)
    response.on('error', () => {})
    const fault = this.faults.shift()
    if (fault === 'hang') return
    if (fault === 'cut') response.destroy()
    else if (fault && 'status' in fault) fail(response, fault.status, fault.reason, fault.headers)
    else if (query.get('watch') !== '1') this.#list(query, response)
    else if (query.get('sendInitialEvents') === 'true') this.#initial(response, fault?.initialThen)
    else this.#resume(Number(query.get('resourceVersion')), response)
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const token = query.get('continue')
    // Pages are cut from one snapshot, as of the first.
    const whole = (token && this.#snapshots.get(token)) || { version: this.version, items: [...this.objects.values()] }
    const limit = Math.min(Number(query.get('limit')), this.pageLimit)
    const rest = { version: whole.version, items: whole.items.slice(limit) }
    const metadata: Record<string, string> = { resourceVersion: whole.version }
    if (rest.items.length) {
      metadata.continue = `page-${this.requests.length}`
      this.#snapshots.set(metadata.continue, rest)
    }
    response.end(JSON.stringify({ metadata, items: whole.items.slice(0, limit) }))
  }

  #initial(response: ServerResponse, then?: 'cut' | 'hang' | 'change'): void {
    if (!this.watchList) {
      fail(response, 422, 'Invalid')
      return
    }
    response.cork()
    for (const object of this.objects.values()) response.write(line('ADDED', object))
    process.nextTick(() => response.uncork())
    if (then === 'hang') return
    if (then === 'cut') {
      setTimeout(() => response.destroy(), 5)
      return
    }
    const annotations = { 'k8s.io/initial-events-end': 'true' }
    response.write(line('BOOKMARK', { kind: 'Thing', metadata: { resourceVersion: this.version, annotations } }))
    this.#open(response)
    // In one piece with the bookmark.
    if (then === 'change') this.create('late')
  }

  #resume(from: number, response: ServerResponse): void {
    if (from < this.#compacted) {
      fail(response, 410, 'Expired')
      return
    }
    response.flushHeaders()
    for (const { version, type, object } of this.#history) if (version > from) response.write(line(type, object))
    this.#open(response)
  }

  #open(response: ServerResponse): void {
    this.#watches.add(response)
    response.on('close', () => this.#watches.delete(response))
  }
}

/** What goes wrong with one request. */
export type Fault =
  | 'hang'
  | 'cut'
  | { status: number; reason?: string; headers?: Record<string, string> }
  | { initialThen: 'cut' | 'hang' | 'change' }

const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`

function fail(response: ServerResponse, status: number, reason = 'Test', headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
  response.end(JSON.stringify({ kind: 'Status', code: status, reason, message: `asked to answer ${status}` }))
}

/** Resolves once `condition` holds, or fails naming what it waited for. */
export async function until(what: string, condition: () => boolean, ms = 15_000): Promise<void> {
  const end = Date.now() + ms
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
