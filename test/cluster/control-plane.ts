import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Answer, ask } from './api-client.ts'
import { type Binaries, binariesUnavailable, ensureBinaries } from './binaries.ts'
import { hasTool, run } from './command.ts'
import type { Program } from './components.ts'
import { Daemon } from './daemon.ts'
import { Authority, type KeyPair } from './pki.ts'
import type { Place } from './place.ts'
import { RunState } from './run-state.ts'

/** A real Kubernetes API with its store. */
export interface ControlPlane {
  /** Path of a kubeconfig of a cluster administrator, valid on this host. */
  kubeconfig: string
  /** Base address on the loopback, the same over restarts. */
  url: string
  /** Kill and start it to see what a client makes of an API server that goes and comes back. */
  apiServer: Daemon
  etcd: Daemon
  /** One GET as administrator, such as /api/v1/pods; other answers than 200 are errors. */
  get<T = unknown>(path: string): Promise<T>
  /** Runs kubectl as administrator and gives its output. */
  kubectl(...args: string[]): Promise<string>
  /** Creates or updates objects, in the given order. */
  apply(manifests: object | object[]): Promise<void>
  /** Ends everything and removes all that was made. */
  stop(): Promise<void>
}

/** A control plane without controllers and nodes, which runs without root. */
export interface ApiServerOnly extends ControlPlane {
  /** Issues certificates that the API server trusts; its own has the file name `kube-apiserver`. */
  authority: Authority
  /**
   * Forgets all history in etcd and gives the revision up to which. An API server that is started anew, or runs with
   * --watch-cache=false, then answers 410 to watches from before, and so does any to the next page of an older list.
   */
  compact(): Promise<number>
}

const programs: Program[] = ['etcd', 'kube-apiserver', 'kubectl']
const loopback = '127.0.0.1'

/** Addresses at which a control plane serves its peers. */
export interface Addresses {
  host: string
  etcdPort: number
  etcdPeerPort: number
  apiPort: number
}

/** Why `startControlPlane` cannot work here, or null. */
export async function controlPlaneUnavailable(): Promise<string | null> {
  for (const tool of ['openssl', 'flock']) {
    if (!(await hasTool(tool))) return `${tool} is not installed`
  }
  return binariesUnavailable(programs)
}

/**
 * Starts etcd and an API server on the loopback, with no controllers and no nodes: objects stay as they are written,
 * so a test plays the controllers. `apiServerArgs` come last, such as --feature-gates=WatchList=false.
 */
export async function startControlPlane(
  options: { name?: string; apiServerArgs?: string[] } = {},
): Promise<ApiServerOnly> {
  const binaries = await ensureBinaries(programs)
  const state = await RunState.open(options.name ?? nextName('api'))
  try {
    const [etcdPort, etcdPeerPort, apiPort] = await freePorts(3)
    const addresses = { host: loopback, etcdPort: etcdPort!, etcdPeerPort: etcdPeerPort!, apiPort: apiPort! }
    const parts = await controlPlaneParts({ state }, binaries, addresses, `https://${loopback}:${apiPort}`, [
      // The API server's own address is on the loopback, which Endpoints may not name.
      '--endpoint-reconciler-type=none',
      // No controller makes the accounts that it demands.
      '--disable-admission-plugins=ServiceAccount',
      ...(options.apiServerArgs ?? []),
    ])
    await parts.plane.etcd.start()
    await parts.plane.apiServer.start()
    return {
      ...parts.plane,
      authority: parts.authority,
      compact: () => compact(`https://${loopback}:${etcdPort}`, parts.authority, parts.etcdPair),
    }
  } catch (error) {
    state.end()
    throw error
  }
}

let started = 0
/** A name that no other run on this machine has. */
export const nextName = (kind: string) => `${kind}-${process.pid}-${++started}`

/** What a control plane consists of, not yet started; `url` is where the host reaches its API server. */
export interface ControlPlaneParts {
  plane: ControlPlane
  /** One GET as administrator, whatever the answer. */
  ask(path: string): Promise<Answer>
  authority: Authority
  etcdPair: KeyPair
  signingKey: string
}

/** Makes the certificates and daemons of a control plane at a place. */
export async function controlPlaneParts(
  place: Place,
  binaries: Binaries,
  { host, etcdPort, etcdPeerPort, apiPort }: Addresses,
  url: string,
  apiServerArgs: string[],
): Promise<ControlPlaneParts> {
  const { state } = place
  const authority = await Authority.create(join(state.folder, 'pki'))
  const [etcdPair, serverPair, adminPair, kubeletClientPair] = await Promise.all([
    authority.issue('etcd', '/CN=etcd', [`IP:${host}`]),
    authority.issue('kube-apiserver', '/CN=kube-apiserver', [`IP:${host}`, `IP:${loopback}`]),
    authority.issue('admin', '/O=system:masters/CN=admin'),
    authority.issue('kubelet-client', '/O=system:masters/CN=kube-apiserver-kubelet-client'),
  ])
  const signingKey = authority.createSigningKey('service-account')
  const kubeconfig = authority.writeKubeconfig('admin', url, adminPair)
  const etcdUrl = `https://${host}:${etcdPort}`
  const peerUrl = `http://${host}:${etcdPeerPort}`

  const askApi = (path: string): Promise<Answer> => ask(url + path, authority.certificate, adminPair)
  const apiServer = new Daemon(
    place,
    'kube-apiserver',
    [
      binaries['kube-apiserver'],
      `--etcd-servers=${etcdUrl}`,
      `--etcd-cafile=${authority.certificate}`,
      `--etcd-certfile=${etcdPair.certificate}`,
      `--etcd-keyfile=${etcdPair.key}`,
      `--bind-address=${host}`,
      `--advertise-address=${host}`,
      `--secure-port=${apiPort}`,
      `--tls-cert-file=${serverPair.certificate}`,
      `--tls-private-key-file=${serverPair.key}`,
      `--client-ca-file=${authority.certificate}`,
      `--kubelet-certificate-authority=${authority.certificate}`,
      `--kubelet-client-certificate=${kubeletClientPair.certificate}`,
      `--kubelet-client-key=${kubeletClientPair.key}`,
      '--kubelet-preferred-address-types=InternalIP',
      `--service-account-key-file=${signingKey}`,
      `--service-account-signing-key-file=${signingKey}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--default-not-ready-toleration-seconds=30',
      '--default-unreachable-toleration-seconds=30',
      ...apiServerArgs,
    ],
    async () => (await askApi('/readyz')).status === 200,
  )
  const etcd = new Daemon(
    place,
    'etcd',
    [
      binaries.etcd,
      `--data-dir=${join(state.folder, 'etcd')}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      `--cert-file=${etcdPair.certificate}`,
      `--key-file=${etcdPair.key}`,
      `--trusted-ca-file=${authority.certificate}`,
      '--client-cert-auth',
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    // The API server waits for it; in namespaces the host could not ask it.
    async () => true,
  )
  const kubectl = (args: string[], input?: string) =>
    run(binaries.kubectl, [`--kubeconfig=${kubeconfig}`, `--cache-dir=${join(state.folder, 'kubectl')}`, ...args], {
      input,
    })
  const plane: ControlPlane = {
    kubeconfig,
    url,
    apiServer,
    etcd,
    get: async <T>(path: string) => {
      const { status, body } = await askApi(path)
      if (status !== 200) throw new Error(`GET ${path}: expected 200, got ${status}: ${body}`)
      return JSON.parse(body) as T
    },
    kubectl: (...args) => kubectl(args),
    apply: async (manifests) => {
      await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [manifests].flat() }))
    },
    stop: async () => state.end(),
  }
  return { plane, ask: askApi, authority, etcdPair, signingKey }
}

async function compact(etcdUrl: string, authority: Authority, pair: KeyPair): Promise<number> {
  const call = async (path: string, body: object) => {
    const answer = await ask(etcdUrl + path, authority.certificate, pair, body)
    if (answer.status !== 200) throw new Error(`etcd ${path}: expected 200, got ${answer.status}: ${answer.body}`)
    return JSON.parse(answer.body) as { header: { revision: string } }
  }
  const { header } = await call('/v3/kv/range', { key: Buffer.from('/').toString('base64'), count_only: true })
  await call('/v3/kv/compaction', { revision: header.revision, physical: true })
  return Number(header.revision)
}

/** Ports of the loopback that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer()
      return new Promise<typeof server>((resolve, reject) => {
        server.on('error', reject).listen(0, loopback, () => resolve(server))
      })
    }),
  )
  return Promise.all(
    servers.map((server) => {
      const { port } = server.address() as { port: number }
      return new Promise<number>((resolve) => server.close(() => resolve(port)))
    }),
  )
}
