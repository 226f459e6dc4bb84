import { binariesUnavailable, ensureBinaries } from './binaries.ts'
import type { Program } from './components.ts'
import { type ControlPlane, controlPlaneParts, freePorts, nextName } from './control-plane.ts'
import { controllers } from './controllers.ts'
import { Daemon } from './daemon.ts'
import { RunState } from './run-state.ts'

/** A real API server, real controllers and a real scheduler, with nodes on which nothing runs: for size. */
export interface SimulatedCluster extends ControlPlane {
  /** Plays the kubelets. */
  kwok: Daemon
}

const programs: Program[] = ['etcd', 'kube-apiserver', 'kubectl', 'kube-controller-manager', 'kube-scheduler', 'kwok']
const loopback = '127.0.0.1'
/** Requests a second that a client allows itself: two cores are the limit here, not the clients. */
const rate = ['--kube-api-qps=2000', '--kube-api-burst=4000']
/** Only a loopback without namespaces is at hand, where their fixed ports may be taken. */
const noPort = '--secure-port=0'

/** Why `startSimulatedCluster` cannot work here, or null. */
export const simulatedClusterUnavailable = (): Promise<string | null> => binariesUnavailable(programs)

/** Starts a cluster of `nodes` simulated nodes on the loopback, without root. It ends with this process unless `stop` comes first. */
export async function startSimulatedCluster(nodes: number): Promise<SimulatedCluster> {
  const binaries = await ensureBinaries(programs)
  const state = await RunState.open(nextName('simulated'))
  try {
    const [etcdPort, etcdPeerPort, apiPort] = await freePorts(3)
    const addresses = { host: loopback, etcdPort: etcdPort!, etcdPeerPort: etcdPeerPort!, apiPort: apiPort! }
    const url = `https://${loopback}:${apiPort}`
    const parts = await controlPlaneParts({ state }, binaries, addresses, url, [
      // The API server's own address is on the loopback, which Endpoints may not name.
      '--endpoint-reconciler-type=none',
      '--max-requests-inflight=0',
      '--max-mutating-requests-inflight=0',
      '--enable-priority-and-fairness=false',
    ])
    const { plane, authority } = parts
    const { controllerManager, scheduler } = await controllers({ state }, parts, binaries, url, {
      manager: [...rate, noPort, '--concurrent-deployment-syncs=20', '--concurrent-replicaset-syncs=20'],
      scheduler: [...rate, noPort],
    })
    const pair = await authority.issue('kwok', '/O=system:masters/CN=kwok')
    const kwok = new Daemon(
      { state },
      'kwok',
      [
        binaries.kwok,
        `--kubeconfig=${authority.writeKubeconfig('kwok', url, pair)}`,
        '--manage-all-nodes=true',
        '--node-lease-duration-seconds=40',
        '--cidr=10.128.0.0/10',
      ],
      async () => true,
    )
    await plane.etcd.start()
    await plane.apiServer.start()
    await plane.apply(Array.from({ length: nodes }, (_, index) => node(index + 1)))
    await Promise.all([controllerManager.start(), scheduler.start(), kwok.start()])
    return { ...plane, kwok }
  } catch (error) {
    state.end()
    throw error
  }
}

const capacity = { cpu: '32', memory: '256Gi', pods: '200' }

const node = (index: number) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: `node-${index}`,
    labels: { 'kubernetes.io/hostname': `node-${index}`, 'topology.kubernetes.io/zone': `zone-${index % 3}` },
  },
  status: { capacity, allocatable: capacity },
})
