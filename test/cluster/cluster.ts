import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { binariesUnavailable, ensureBinaries } from './binaries.ts'
import { cgroupsUnavailable } from './cgroups.ts'
import { hasTool } from './command.ts'
import { components, type Program } from './components.ts'
import { type ControlPlane, controlPlaneParts, freePorts, nextName } from './control-plane.ts'
import { controllers } from './controllers.ts'
import type { Daemon } from './daemon.ts'
import { buildImages, busybox } from './images.ts'
import { apiPort, apiServerInside, controlPlaneHost, createControlPlanePlace, exposeApiServer } from './network.ts'
import { type Node, startNode } from './node.ts'
import { RunState } from './run-state.ts'

/** A real Kubernetes with controllers, a scheduler and nodes. */
export interface Cluster extends ControlPlane {
  name: string
  controllerManager: Daemon
  scheduler: Daemon
  nodes: Node[]
  /** Lets it run on after this process; `stop` of a later process is `node test/cluster/main.ts down NAME`. */
  keep(): void
}

/** What a real cluster takes. */
export const programs = components
  .filter(({ simulates }) => !simulates)
  .flatMap(({ packages }) => Object.keys(packages) as Program[])
const tools = ['cc', 'flock', 'hostname', 'ip', 'mount', 'nsenter', 'openssl', 'socat', 'tar', 'unshare']

/** Why `startCluster` cannot work here, or null. */
export async function clusterUnavailable(): Promise<string | null> {
  if (process.platform !== 'linux') return `nodes need Linux, this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'needs root: nodes make namespaces, mounts and cgroups'
  for (const tool of tools) if (!(await hasTool(tool))) return `${tool} is not installed`
  if (!existsSync(busybox)) return `${busybox} is not there (Debian: busybox-static)`
  return cgroupsUnavailable() ?? binariesUnavailable(programs)
}

/**
 * Starts a control plane and nodes (1 unless said otherwise) in namespaces and cgroups of their own, ready for pods;
 * the programs are built first if they are missing. It ends with this process unless `stop` or `keep` comes first.
 */
export async function startCluster(options: { nodes?: number; name?: string } = {}): Promise<Cluster> {
  const count = options.nodes ?? 1
  const reason = await clusterUnavailable()
  if (reason) throw new Error(reason)
  const binaries = await ensureBinaries(programs)
  const state = await RunState.open(options.name ?? nextName('cluster'))
  try {
    const [port] = await freePorts(1)
    const bin = join(state.folder, 'bin')
    mkdirSync(bin)
    for (const program of programs) symlinkSync(binaries[program], join(bin, program))
    const images = buildImages(join(state.folder, 'images'))
    const place = await createControlPlanePlace(state)
    await exposeApiServer(place, port!)
    const addresses = { host: controlPlaneHost, etcdPort: 2379, etcdPeerPort: 2380, apiPort }
    const parts = await controlPlaneParts(place, binaries, addresses, `https://127.0.0.1:${port}`, [])
    await parts.plane.etcd.start()
    await parts.plane.apiServer.start()
    const { controllerManager, scheduler } = await controllers(place, parts, binaries, apiServerInside, {
      // A dead node shows after 12 s instead of 50.
      manager: ['--node-monitor-period=2s', '--node-monitor-grace-period=12s'],
    })
    const supplies = { controlPlane: place, parts, binaries, programs: bin, images: await images, count }
    const [, , ...nodes] = await Promise.all([
      controllerManager.start(),
      scheduler.start(),
      ...Array.from({ length: count }, (_, at) => startNode(supplies, at + 1)),
    ])
    return { ...parts.plane, name: state.name, controllerManager, scheduler, nodes, keep: () => state.keep() }
  } catch (error) {
    state.end()
    throw error
  }
}
