import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { pauseImage } from './images.ts'
import type { Authority } from './pki.ts'

/** containerd's socket, on the node. */
export const containerdSocket = '/run/containerd/containerd.sock'

/** Writes containerd's configuration into a node's folder and gives its path. */
export function writeContainerdConfig(folder: string, binaries: Binaries): string {
  const path = join(folder, 'containerd.toml')
  writeFileSync(
    path,
    `version = 3
root = '${join(folder, 'containerd')}'
state = '/run/containerd'
disabled_plugins = [
  'io.containerd.nri.v1.nri',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.erofs',
  'io.containerd.snapshotter.v1.native',
  'io.containerd.snapshotter.v1.zfs',
]

[grpc]
  address = '${containerdSocket}'

[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${pauseImage}'

[plugins.'io.containerd.cri.v1.runtime']
  # The machine may forbid to lower a process's oom_score_adj.
  restrict_oom_score_adj = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['${dirname(binaries.bridge)}']
  conf_dir = '${cniFolder(folder)}'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = '${binaries.runc}'
  SystemdCgroup = false
`,
  )
  return path
}

/** Folder of a node's CNI configuration. */
export const cniFolder = (folder: string) => join(folder, 'cni')

/** Writes the CNI configuration of a node whose pods live in `subnet`, and gives its path. */
export function writeCniConfig(folder: string, subnet: string): string {
  const path = join(cniFolder(folder), '10-bridge.conflist')
  const bridge = {
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    ipam: { type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] },
  }
  writeFileSync(path, JSON.stringify({ cniVersion: '1.0.0', name: 'pods', plugins: [bridge] }, null, 2))
  return path
}

/** Where a node's kubelet finds its static pods. */
export const staticPodFolder = (folder: string): string => join(folder, 'static-pods')

/** Who a kubelet is and where it lives. */
export interface KubeletIdentity {
  name: string
  address: string
  cgroup: string
  kubeconfig: string
  serving: { certificate: string; key: string }
}

/** Writes a kubelet's configuration and gives its arguments. */
export function kubeletArgs(folder: string, authority: Authority, kubelet: KubeletIdentity): string[] {
  const path = join(folder, 'kubelet.json')
  const configuration = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: kubelet.address,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: authority.certificate },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: kubelet.serving.certificate,
    tlsPrivateKeyFile: kubelet.serving.key,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    staticPodPath: staticPodFolder(folder),
    cgroupRoot: kubelet.cgroup,
    failCgroupV1: false,
    failSwapOn: false,
    // It would set sysctls of the whole machine otherwise; see the node's mounts for how it finds them as it wants.
    protectKernelDefaults: true,
    makeIPTablesUtilChains: false,
    resolvConf: '',
    // No DNS serves there, but without any address every pod gets a warning event.
    clusterDNS: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
    // By itself it waits longer after each crash, up to five minutes: a loop of 30 would take two hours.
    featureGates: { KubeletCrashLoopBackOffMax: true },
    crashLoopBackOff: { maxContainerRestartPeriod: '5s' },
    nodeStatusUpdateFrequency: '3s',
    nodeLeaseDurationSeconds: 10,
    // The node shares the machine's disk and memory: only what really endangers the machine may evict.
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '1%',
    },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
  }
  writeFileSync(path, JSON.stringify(configuration, null, 2))
  return [
    `--config=${path}`,
    `--kubeconfig=${kubelet.kubeconfig}`,
    `--hostname-override=${kubelet.name}`,
    `--node-ip=${kubelet.address}`,
    '--root-dir=/var/lib/kubelet',
    '--cert-dir=/var/lib/kubelet/pki',
  ]
}

/** Shell lines that make the mounts of a node in its own mount namespace. */
export function mountLines(folder: string): string[] {
  const overlay = (part: string) => join(folder, 'var', part)
  // What the kubelet demands of these settings of the machine, shown to it without changing the machine.
  const shown = { 'vm/overcommit_memory': 1, 'kernel/panic': 10, 'kernel/panic_on_oops': 1 }
  return [
    // Volumes that the kubelet mounts must reach containers that containerd starts.
    'mount --make-rshared /',
    'mount -t tmpfs -o mode=755 tmpfs /run',
    // Paths below /var are fixed in the kubelet, in containerd and in CNI; nothing of it may land on the host.
    `mkdir -p ${overlay('upper')} ${overlay('work')}`,
    `mount -t overlay -o lowerdir=/var,upperdir=${overlay('upper')},workdir=${overlay('work')} overlay /var`,
    'mkdir -p /var/lib/kubelet /var/lib/cni /var/log/containers /var/log/pods',
    'mount -t tmpfs -o mode=755 tmpfs /var/lib/kubelet',
    ...Object.entries(shown).flatMap(([name, value]) => {
      const file = join(folder, name.replaceAll('/', '.'))
      return [`echo ${value} > ${file}`, `mount --bind ${file} /proc/sys/${name}`]
    }),
  ]
}
