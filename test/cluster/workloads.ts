import { workloadImage } from './images.ts'

/** Namespace of the prepared workloads. */
export const shopNamespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }

/** What one workload does: a command of eat.c as words, and its memory limit in MiB. */
export interface WorkloadOptions {
  eat: string[]
  /** Of `eat main MIB`: it is killed so often and then lives. */
  times?: number
  memoryMiB: number
  /** Port that `eat serve` answers on, asked by a readiness probe. */
  port?: number
  replicas?: number
}

/** A Deployment in `shop` with one container `app`, behind a Service of the same name. */
export function workload(name: string, { eat, times, memoryMiB, port, replicas = 1 }: WorkloadOptions): object[] {
  const labels = { app: name }
  const memory = `${memoryMiB}Mi`
  const container = {
    name: 'app',
    image: workloadImage,
    imagePullPolicy: 'Never',
    command: ['/eat', ...eat, ...(times === undefined ? [] : [String(times), '/starts/each'])],
    resources: { requests: { cpu: '10m', memory: '8Mi' }, limits: { memory } },
    ...(times !== undefined && { volumeMounts: [{ name: 'starts', mountPath: '/starts' }] }),
    ...(port && { readinessProbe: { httpGet: { path: '/', port }, periodSeconds: 1 } }),
  }
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: shopNamespace.metadata.name, labels },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [container],
            ...(times !== undefined && { volumes: [{ name: 'starts', emptyDir: {} }] }),
            terminationGracePeriodSeconds: 1,
            automountServiceAccountToken: false,
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: shopNamespace.metadata.name, labels },
      spec: { selector: labels, ports: [{ port: 80, targetPort: port ?? 8080 }] },
    },
  ]
}

/** Takes more than its limit of 64 MiB within about two seconds of each start, and is OOM-killed. */
export const checkout = workload('checkout', { eat: ['main', '256'], memoryMiB: 64 })

/** Healthy: answers on its port and takes next to no memory. */
export const cart = workload('cart', { eat: ['serve', '8080'], memoryMiB: 64, port: 8080 })

/** The shop: its namespace, the failing checkout and the healthy cart. */
export const shop: object[] = [shopNamespace, ...checkout, ...cart]
