/** Writes many objects to an API server, over kept connections: benchmarks play users and kubelets. */
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'

const PARALLEL = 16

export interface ApiWriter {
  /** One request; a PATCH is a merge patch. Gives the parsed answer. Throws where it is not 200 or 201. */
  send<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<T>
  /** The same for an answer that is no JSON. */
  text(path: string): Promise<string>
  close(): void
}

export async function openApi(kubeconfig: string): Promise<ApiWriter> {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(kubeconfig)
  const options: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {}
  await kubeConfig.applyToHTTPSOptions(options)
  const { ca, cert, key } = options
  const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL, ...{ ca, cert, key } })
  const { server } = kubeConfig.getCurrentCluster()!
  const text = async (method: string, path: string, body?: object): Promise<string> => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const asked = request(server + path, { method, agent, headers: body ? { 'Content-Type': type } : {} })
    asked.end(body && JSON.stringify(body))
    const [response] = await once(asked, 'response')
    const parts: Buffer[] = []
    for await (const part of response) parts.push(part)
    const answer = Buffer.concat(parts).toString()
    if (response.statusCode >= 300)
      throw new Error(`${method} ${path}: got ${response.statusCode}, expected 200 or 201: ${answer.slice(0, 200)}`)
    return answer
  }
  return {
    send: async (method, path, body) => JSON.parse(await text(method, path, body)),
    text: (path) => text('GET', path),
    close: () => agent.destroy(),
  }
}

/** Does `work` for 0 to `count`, as many at a time as there are connections. */
export async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await work(index)
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
}
