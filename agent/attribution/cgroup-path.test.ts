import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CgroupPlace, ownerOfLimit, parseCgroupPath } from './cgroup-path.ts'

const ID = '3b2f1c0d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef'
const OTHER = 'ffff1c0d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef'
const UID = '8dbc5577-d0e2-4706-8787-57d52c03ddf2'
const _UID = UID.replaceAll('-', '_')
const HASH = '0123456789abcdef0123456789abcdef'
const inPod: CgroupPlace = { containerId: ID, podUid: UID }

const cases: Record<string, [string, CgroupPlace]> = {
  'containerd, systemd driver, v2': [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${_UID}.slice/cri-containerd-${ID}.scope`,
    inPod,
  ],
  'containerd, systemd driver, guaranteed': [
    `/kubepods.slice/kubepods-pod${_UID}.slice/cri-containerd-${ID}.scope`,
    inPod,
  ],
  'containerd, cgroupfs driver, v1': [`/kubepods/burstable/pod${UID}/${ID}`, inPod],
  'containerd, cgroupfs driver, guaranteed': [`/kubepods/pod${UID}/${ID}`, inPod],
  'containerd with the systemd form under cgroupfs': [
    `/system.slice/containerd.service/kubepods-burstable-pod${_UID}.slice:cri-containerd:${ID}`,
    inPod,
  ],
  'CRI-O, systemd driver': [
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${_UID}.slice/crio-${ID}.scope`,
    inPod,
  ],
  'CRI-O, cgroupfs driver': [`/kubepods/besteffort/pod${UID}/crio-${ID}`, inPod],
  'CRI-O puts the processes one level deeper': [
    `/kubepods.slice/kubepods-pod${_UID}.slice/crio-${ID}.scope/container`,
    inPod,
  ],
  "CRI-O's monitor is in the pod but in no container": [
    `/kubepods.slice/kubepods-pod${_UID}.slice/crio-conmon-${ID}.scope`,
    { podUid: UID },
  ],
  'dockershim or cri-dockerd, systemd driver': [`/kubepods.slice/kubepods-pod${_UID}.slice/docker-${ID}.scope`, inPod],
  'systemd inside a container': [`/kubepods/pod${UID}/${ID}/init.scope`, { ...inPod, inner: 'cgroup' }],
  'systemd inside a container of CRI-O': [
    `/kubepods.slice/kubepods-pod${_UID}.slice/crio-${ID}.scope/container/system.slice/dbus.service`,
    { ...inPod, inner: 'cgroup' },
  ],
  'kind: a cluster inside a container': [
    `/docker/${OTHER}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${_UID}.slice/cri-containerd-${ID}.scope`,
    inPod,
  ],
  'kind, cgroupfs driver': [`/docker/${OTHER}/kubelet/kubepods/besteffort/pod${UID}/${ID}`, inPod],
  'k3s inside a pod: the inner pod counts': [
    `/kubepods/pod11111111-d0e2-4706-8787-57d52c03ddf2/${OTHER}/kubepods/burstable/pod${UID}/${ID}`,
    inPod,
  ],
  'docker inside a pod: the container that Kubernetes knows counts': [
    `/kubepods/pod${UID}/${ID}/docker/${OTHER}`,
    { ...inPod, inner: 'container' },
  ],
  'systemd inside a container inside a pod': [
    `/kubepods/pod${UID}/${ID}/system.slice/docker-${OTHER}.scope/init.scope`,
    { ...inPod, inner: 'container' },
  ],
  'a kubelet with a cgroup root of its own': [`/aitia-node1/kubepods/burstable/pod${UID}/${ID}`, inPod],
  'static pod': [`/kubepods/burstable/pod${HASH}/${ID}`, { containerId: ID, podUid: HASH }],
  'static pod, systemd driver': [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${HASH}.slice/cri-containerd-${ID}.scope`,
    { containerId: ID, podUid: HASH },
  ],
  'the pod itself, cgroupfs': [`/kubepods/burstable/pod${UID}`, { podUid: UID }],
  'the pod itself, systemd': [`/kubepods.slice/kubepods-pod${_UID}.slice`, { podUid: UID }],
  'docker outside of Kubernetes, systemd driver': [`/system.slice/docker-${ID}.scope`, { containerId: ID }],
  'docker outside of Kubernetes, cgroupfs driver': [`/docker/${ID}`, { containerId: ID }],
  podman: [`/machine.slice/libpod-${ID}.scope/container`, { containerId: ID }],
  "podman's monitor": [`/machine.slice/libpod-conmon-${ID}.scope`, {}],
  'a service': ['/system.slice/kubelet.service', {}],
  'the root': ['/', {}],
  'a word that only begins like a pod': ['/user.slice/podman-1234.scope', {}],
  'too long for an id': [`/docker/${ID}0`, {}],
  'the folder of all pods': ['/kubepods.slice/kubepods-burstable.slice', {}],
}

for (const [name, [path, place]] of Object.entries(cases))
  test(name, () => assert.deepEqual(parseCgroupPath(path), place))

const CGROUPFS = `/kubepods/burstable/pod${UID}`
const SYSTEMD = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${_UID}.slice`
const OUTER = `/kubepods/pod11111111-d0e2-4706-8787-57d52c03ddf2/${OTHER}`
const limits: [cgroup: string, limited: string, owner: ReturnType<typeof ownerOfLimit>][] = [
  [`${CGROUPFS}/${ID}`, `${CGROUPFS}/${ID}`, 'container'],
  [`${CGROUPFS}/${ID}`, CGROUPFS, 'pod'],
  [CGROUPFS, CGROUPFS, 'pod'],
  [`${CGROUPFS}/${ID}`, '/kubepods/burstable', 'node'],
  [`${CGROUPFS}/${ID}`, '/kubepods', 'node'],
  [`${SYSTEMD}/crio-${ID}.scope/container`, `${SYSTEMD}/crio-${ID}.scope`, 'container'],
  [`${SYSTEMD}/cri-containerd-${ID}.scope`, SYSTEMD, 'pod'],
  [`${SYSTEMD}/cri-containerd-${ID}.scope`, '/kubepods.slice', 'node'],
  [`/kubepods/burstable/pod${HASH}/${ID}`, `/kubepods/burstable/pod${HASH}`, 'pod'],
  // the node is a container, and in a pod
  [`/docker/${OTHER}${CGROUPFS}/${ID}`, `/docker/${OTHER}`, 'node'],
  [`${OUTER}${CGROUPFS}/${ID}`, OUTER, 'node'],
  ['/system.slice/kubelet.service', '/system.slice', undefined],
  [`/docker/${ID}`, `/docker/${ID}`, undefined],
]
for (const [cgroup, limited, owner] of limits)
  test(`the limit of ${limited} is, for ${cgroup}, that of ${owner ?? 'no pod'}`, () =>
    assert.equal(ownerOfLimit(parseCgroupPath(cgroup), parseCgroupPath(limited)), owner))
