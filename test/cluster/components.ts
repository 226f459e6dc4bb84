/** A program of a test cluster. */
export type Program =
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kubectl'
  | 'etcd'
  | 'containerd'
  | 'containerd-shim-runc-v2'
  | 'ctr'
  | 'runc'
  | 'bridge'
  | 'host-local'
  | 'loopback'
  | 'kwok'

/** Programs that are built from one Go module. */
export interface Component {
  name: string
  module: string
  version: string
  /** Package folder of each program, relative to the module. */
  packages: Partial<Record<Program, string>>
  ldflags: string
  cgo?: { tags: string }
  /** Version of the staging modules which the module requires at v0.0.0. */
  staging?: string
  /** Plays nodes instead of being one: a real cluster does without it. */
  simulates?: true
  /** How an installed program tells its version, and which versions do; without it an installed one is never used. */
  installed?: { ask: Partial<Record<Program, string[]>>; fits: RegExp }
}

const askVersion = ['--version']

/** Versions and build settings of every component, as the reference run on Kubernetes 1.34 used them. */
export const components: Component[] = [
  {
    name: 'kubernetes',
    module: 'k8s.io/kubernetes',
    version: 'v1.34.2',
    staging: 'v0.34.2',
    packages: {
      'kube-apiserver': './cmd/kube-apiserver',
      'kube-controller-manager': './cmd/kube-controller-manager',
      'kube-scheduler': './cmd/kube-scheduler',
      kubelet: './cmd/kubelet',
      kubectl: './cmd/kubectl',
    },
    // Without it every component calls itself v0.0.0 and refuses its peers.
    ldflags: '-X k8s.io/component-base/version.gitVersion=v1.34.2',
    installed: {
      ask: {
        'kube-apiserver': askVersion,
        'kube-controller-manager': askVersion,
        'kube-scheduler': askVersion,
        kubelet: askVersion,
        kubectl: ['version', '--client'],
      },
      fits: /(Kubernetes|Client Version:) v1\.34\./,
    },
  },
  {
    name: 'etcd',
    module: 'go.etcd.io/etcd/server/v3',
    version: 'v3.6.5',
    packages: { etcd: '.' },
    ldflags: '',
    installed: { ask: { etcd: askVersion }, fits: /etcd Version: 3\.[56]\./ },
  },
  {
    name: 'containerd',
    module: 'github.com/containerd/containerd/v2',
    version: 'v2.1.4',
    packages: {
      containerd: './cmd/containerd',
      'containerd-shim-runc-v2': './cmd/containerd-shim-runc-v2',
      ctr: './cmd/ctr',
    },
    ldflags: '-X github.com/containerd/containerd/v2/version.Version=v2.1.4',
    installed: {
      ask: { containerd: askVersion, 'containerd-shim-runc-v2': ['-v'], ctr: askVersion },
      fits: /\bv?2\.1\.\d/,
    },
  },
  {
    name: 'runc',
    module: 'github.com/opencontainers/runc',
    version: 'v1.3.0',
    packages: { runc: '.' },
    ldflags: '',
    // Without seccomp every pod fails with "seccomp: config provided but seccomp not supported".
    cgo: { tags: 'seccomp' },
    installed: { ask: { runc: askVersion }, fits: /runc version 1\.[2-9]\.[\s\S]*libseccomp/ },
  },
  {
    // Never taken from PATH: `bridge` there is iproute2's.
    name: 'cni-plugins',
    module: 'github.com/containernetworking/plugins',
    version: 'v1.7.1',
    packages: {
      bridge: './plugins/main/bridge',
      'host-local': './plugins/ipam/host-local',
      loopback: './plugins/main/loopback',
    },
    ldflags: '-X github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=v1.7.1',
  },
  {
    name: 'kwok',
    module: 'sigs.k8s.io/kwok',
    version: 'v0.7.0',
    simulates: true,
    packages: { kwok: './cmd/kwok' },
    ldflags: '-X sigs.k8s.io/kwok/pkg/consts.Version=v0.7.0',
    installed: { ask: { kwok: askVersion }, fits: /0\.7\.\d/ },
  },
]
