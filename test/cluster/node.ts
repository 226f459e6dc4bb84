import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import type { ControlPlaneParts } from './control-plane.ts'
import { Daemon } from './daemon.ts'
import { apiServerInside, connectNode, nodeAddress, podSubnet } from './network.ts'
import {
  cniFolder,
  containerdSocket,
  kubeletArgs,
  mountLines,
  staticPodFolder,
  writeCniConfig,
  writeContainerdConfig,
} from './node-settings.ts'
import { createPlace, type Place, runAt, shellAt } from './place.ts'

/** One machine of a cluster: mounts, network and host name are its own, pids are the host's. */
export interface Node {
  name: string
  address: string
  /** Process that holds its namespaces, for nsenter and for /proc/PID/root. */
  pid: number
  /** Its cgroup, the same path in every hierarchy; pods are in `kubepods` below it. */
  cgroup: string
  /** Its file system as the host reaches it. */
  root: string
  /** containerd's socket as the host reaches it. */
  containerdSocket: string
  /** The CNI configuration; to break the network rewrite it in place, as a file that is moved back is not seen. */
  cniConfig: string
  /** A manifest that is written there is run by the kubelet itself. */
  staticPods: string
  kubelet: Daemon
  containerd: Daemon
  /** Runs a program on the node. */
  run(...command: string[]): Promise<string>
}

/** What all nodes of a cluster are made from. */
export interface NodeSupplies {
  controlPlane: Place
  parts: ControlPlaneParts
  binaries: Binaries
  /** Folder with the programs by their plain names. */
  programs: string
  images: string
  /** How many nodes there will be. */
  count: number
}

/** Starts node `index` (from 1), to the point where it is ready for pods. */
export async function startNode(supplies: NodeSupplies, index: number): Promise<Node> {
  const { controlPlane, parts, binaries, images, count } = supplies
  const { state } = controlPlane
  const name = `node${index}`
  const address = nodeAddress(index)
  const cgroup = join(state.cgroup, name)
  const folder = join(state.folder, name)
  mkdirSync(cniFolder(folder), { recursive: true })
  mkdirSync(staticPodFolder(folder))

  // A leaf of its own for daemons, since on cgroup v2 a cgroup with children can hold no process.
  const created = await createPlace(state, `${name}/system`, ['--net', '--mount', '--uts'])
  const place = { ...created, programs: supplies.programs }
  const [user, serving] = await Promise.all([
    parts.authority.issue(`${name}-client`, `/O=system:nodes/CN=system:node:${name}`),
    parts.authority.issue(`${name}-serving`, `/O=system:nodes/CN=system:node:${name}`, [
      `IP:${address}`,
      `DNS:${name}`,
    ]),
    shellAt(place, [`hostname ${name}`, ...mountLines(folder)]),
    connectNode(controlPlane, place, index, count),
  ])
  const kubeconfig = parts.authority.writeKubeconfig(name, apiServerInside, user)
  const root = `/proc/${created.holder.pid}/root`

  const containerd = new Daemon(
    place,
    `${name}/containerd`,
    ['containerd', '--config', writeContainerdConfig(folder, binaries)],
    () => isListening(root + containerdSocket),
  )
  const kubelet = new Daemon(
    place,
    `${name}/kubelet`,
    ['kubelet', ...kubeletArgs(folder, parts.authority, { name, address, cgroup, kubeconfig, serving })],
    async () => {
      // After a kill the API says "ready" of the dead kubelet for a while.
      const health = await parts.ask(`/api/v1/nodes/${name}/proxy/healthz`)
      return health.status === 200 && isReady(await parts.plane.get<NodeObject>(`/api/v1/nodes/${name}`))
    },
  )
  const cniConfig = writeCniConfig(folder, podSubnet(index))
  await containerd.start()
  await runAt(place, ['ctr', '--address', containerdSocket, '--namespace', 'k8s.io', 'images', 'import', images])
  await kubelet.start()
  return {
    ...{ name, address, pid: created.holder.pid, cgroup, root, cniConfig, kubelet, containerd },
    containerdSocket: root + containerdSocket,
    staticPods: staticPodFolder(folder),
    run: (...command) => runAt(place, command),
  }
}

interface NodeObject {
  spec: { taints?: { effect: string }[] }
  status: { conditions?: { type: string; status: string }[] }
}

function isReady({ spec, status }: NodeObject): boolean {
  const ready = status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  // The node controller removes the taint of a new node a moment after it is ready.
  return ready && !spec.taints?.some(({ effect }) => effect === 'NoSchedule')
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy()
      resolve(true)
    })
    probe.on('error', () => resolve(false))
  })
}
