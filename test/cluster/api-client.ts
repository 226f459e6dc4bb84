import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { KeyPair } from './pki.ts'

/** Answer of one request. */
export interface Answer {
  status: number
  body: string
}

/** One HTTPS request with a client certificate, to etcd or an API server; rejects if there is no answer in 10 s. */
export function ask(url: string, authority: string, pair: KeyPair, body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(url, {
      method: body ? 'POST' : 'GET',
      ca: readFileSync(authority),
      cert: readFileSync(pair.certificate),
      key: readFileSync(pair.key),
      timeout: 10_000,
      // Each on its own connection: these servers are killed and started again under us.
      agent: false,
    })
    call.on('timeout', () => call.destroy(new Error(`${url} did not answer in 10 s`)))
    call.on('error', reject)
    call.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      response.on('error', reject)
    })
    call.end(body && JSON.stringify(body))
  })
}
