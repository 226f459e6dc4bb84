import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createPlace, type HeldPlace, type Place, shellAt, spawnAt } from './place.ts'
import type { RunState } from './run-state.ts'

// The same in every cluster: each has its own network namespaces, and nothing of them reaches the host's.
const bridge = 'cluster0'
/** Address of the control plane in the cluster's network. */
export const controlPlaneHost = '10.200.0.1'
/** Port of the API server in the cluster's network. */
export const apiPort = 6443
/** Base address of the API server for all who live in the cluster's network. */
export const apiServerInside = `https://${controlPlaneHost}:${apiPort}`

/** Address of node `index` (from 1) in the cluster's network. */
export const nodeAddress = (index: number) => `10.200.0.${10 + index}`
/** Pods' addresses on node `index`. */
export const podSubnet = (index: number) => `10.244.${index}.0/24`

/** Makes the control plane's place with the bridge to which nodes are connected. */
export async function createControlPlanePlace(state: RunState): Promise<Place> {
  const place = await createPlace(state, 'control-plane', ['--net'])
  await shellAt(place, [
    'ip link set lo up',
    `ip link add ${bridge} type bridge`,
    `ip addr add ${controlPlaneHost}/24 dev ${bridge}`,
    `ip link set ${bridge} up`,
  ])
  return place
}

/** Connects a node's network namespace to the control plane's, with ways between the pods of all `count` nodes. */
export async function connectNode(controlPlane: Place, node: HeldPlace, index: number, count: number): Promise<void> {
  await shellAt(controlPlane, [
    `ip link add node${index} type veth peer name eth0 netns ${node.holder.pid}`,
    `ip link set node${index} master ${bridge} up`,
    `ip route add ${podSubnet(index)} via ${nodeAddress(index)}`,
  ])
  const others = Array.from({ length: count }, (_, at) => at + 1).filter((other) => other !== index)
  await shellAt(node, [
    'ip link set lo up',
    `ip addr add ${nodeAddress(index)}/24 dev eth0`,
    'ip link set eth0 up',
    `ip route add default via ${controlPlaneHost}`,
    ...others.map((other) => `ip route add ${podSubnet(other)} via ${nodeAddress(other)}`),
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
  ])
}

/** Makes the API server reachable at a port of the host's loopback: a unix socket joins the two networks. */
export async function exposeApiServer(controlPlane: Place, port: number): Promise<void> {
  // Relative to the run's folder, as a socket's path must be short.
  const socket = 'api.sock'
  const { folder } = controlPlane.state
  const inside = `TCP:${controlPlaneHost}:${apiPort}`
  spawnAt(controlPlane, ['socat', `UNIX-LISTEN:${socket},fork,mode=600`, inside], join(folder, 'proxy-inside.log'))
  while (!existsSync(join(folder, socket))) await delay(10)
  const outside = `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork`
  const { holder: _, ...onHost } = controlPlane
  spawnAt(onHost, ['socat', outside, `UNIX-CONNECT:${socket}`], join(folder, 'proxy-outside.log'))
}
