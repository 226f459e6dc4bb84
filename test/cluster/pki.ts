import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './command.ts'

/** A certificate and its private key, as files. */
export interface KeyPair {
  certificate: string
  key: string
}

/** A certificate authority of one run, made by openssl. */
export class Authority {
  readonly certificate: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.certificate = join(folder, 'ca.crt')
  }

  static async create(folder: string): Promise<Authority> {
    mkdirSync(folder, { mode: 0o700 })
    // The distribution's own openssl.cnf would add extensions to what we ask for.
    writeFileSync(join(folder, 'openssl.cnf'), '[req]\ndistinguished_name = none\n[none]\n')
    const authority = new Authority(folder)
    await authority.#openssl('ca', '/CN=aitia-cluster', [
      'basicConstraints=critical,CA:TRUE',
      'keyUsage=critical,keyCertSign,cRLSign',
    ])
    return authority
  }

  /** Issues a pair for client and server use: `subject` as /O=group/CN=user, `names` as DNS:host or IP:address. */
  async issue(file: string, subject: string, names: string[] = []): Promise<KeyPair> {
    const extensions = ['basicConstraints=CA:FALSE', 'extendedKeyUsage=clientAuth,serverAuth']
    if (names.length > 0) extensions.push(`subjectAltName=${names.join(',')}`)
    const signer = ['-CA', this.certificate, '-CAkey', join(this.#folder, 'ca.key')]
    return this.#openssl(file, subject, extensions, signer)
  }

  /** Makes a key that signs the tokens of service accounts. */
  createSigningKey(file: string): string {
    const path = join(this.#folder, `${file}.key`)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(path, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 })
    return path
  }

  /** Writes a kubeconfig for a pair, complete in one file, and gives its path. */
  writeKubeconfig(file: string, server: string, { certificate, key }: KeyPair): string {
    const encoded = (path: string) => readFileSync(path).toString('base64')
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'aitia', cluster: { server, 'certificate-authority-data': encoded(this.certificate) } }],
      users: [
        { name: file, user: { 'client-certificate-data': encoded(certificate), 'client-key-data': encoded(key) } },
      ],
      contexts: [{ name: 'aitia', context: { cluster: 'aitia', user: file } }],
      'current-context': 'aitia',
    }
    const path = join(this.#folder, `${file}.kubeconfig`)
    writeFileSync(path, JSON.stringify(kubeconfig), { mode: 0o600 })
    return path
  }

  async #openssl(file: string, subject: string, extensions: string[], signer: string[] = []): Promise<KeyPair> {
    const pair = { certificate: join(this.#folder, `${file}.crt`), key: join(this.#folder, `${file}.key`) }
    await run('openssl', [
      ...['req', '-x509', '-config', join(this.#folder, 'openssl.cnf'), '-days', '365', '-subj', subject],
      ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...extensions.flatMap((extension) => ['-addext', extension]),
      ...['-keyout', pair.key, '-out', pair.certificate],
      ...signer,
    ])
    return pair
  }
}
