import type { K8sContext } from '../../graph/model/context.ts'
import { bytesOf, millicoresOf } from '../../graph/model/quantity.ts'
import { fromRfc3339 } from '../../graph/model/time.ts'

// biome-ignore lint/suspicious/noExplicitAny: JSON of the API, read here with a fallback for each field.
export type Raw = any
type Told = Readonly<Partial<K8sContext>>

const timeOf = (text: string | null | undefined): number | undefined => fromRfc3339(text ?? '') ?? undefined

/** An integer of 64 bits, which may be the largest one to say "for ever". */
const longOf = (value: number | undefined): number | undefined => value && Math.min(value, Number.MAX_SAFE_INTEGER)

/** What a raw pod tells of itself: no values of the environment, no commands, no messages. */
export function toldOfPod({ metadata, spec = {}, status = {} }: Raw): Told {
  const conditions = [...(status.conditions ?? [])].sort((a: Raw, b: Raw) => (a.type < b.type ? -1 : 1))
  const ready = conditions.find(({ type }) => type === 'Ready')
  return {
    createdAt: timeOf(metadata.creationTimestamp),
    deletionAt: timeOf(metadata.deletionTimestamp),
    phase: status.phase,
    podReason: status.reason,
    conditions: conditions.map(({ type, status, reason }: Raw) => ({ type, status, ...(reason && { reason }) })),
    podReady: ready && ready.status === 'True',
    startedAt: timeOf(status.startTime),
    podIp: status.podIP,
    podIps: status.podIPs?.map(({ ip }: Raw) => ip),
    hostIp: status.hostIP,
    hostNetwork: spec.hostNetwork,
    hostPid: spec.hostPID,
    hostIpc: spec.hostIPC,
    shareProcessNamespace: spec.shareProcessNamespace,
    qosClass: status.qosClass,
    priorityClassName: spec.priorityClassName,
    priority: spec.priority,
    schedulerName: spec.schedulerName,
    restartPolicy: spec.restartPolicy,
    runtimeClassName: spec.runtimeClassName,
    dnsPolicy: spec.dnsPolicy,
    serviceAccountName: spec.serviceAccountName,
    nodeName: spec.nodeName,
    terminationGrace: longOf(spec.terminationGracePeriodSeconds),
    tolerations: spec.tolerations?.length,
    volumes: spec.volumes?.map(volumeOf),
  }
}

/** Its source is an object; what else a newer API tells of a volume may stand before it. */
function volumeOf({ name, ...told }: Raw) {
  const isSource = ([, of]: [string, Raw]) => typeof of === 'object' && of !== null && !Array.isArray(of)
  const [kind = 'emptyDir', of] = Object.entries<Raw>(told).find(isSource) ?? []
  const from = of?.claimName ?? of?.secretName ?? of?.name ?? of?.path ?? of?.driver
  return { name, kind, ...(typeof from === 'string' && { source: from }) }
}

/** What a raw pod tells of its container: `spec` is its entry in the spec, `status` the one in the status. */
export function toldOfContainer(spec: Raw, status: Raw, pod: Raw): Told {
  const { limits = {}, requests = {} } = spec.resources ?? {}
  const own = spec.securityContext ?? {}
  const ofPod = pod.spec?.securityContext ?? {}
  const [state, current] = Object.entries<Raw>(status.state ?? {})[0] ?? []
  const last = status.lastState?.terminated
  return {
    image: spec.image ?? '',
    imageId: status.imageID || undefined,
    imagePullPolicy: spec.imagePullPolicy,
    restartCount: status.restartCount ?? 0,
    containerState: state,
    containerStateReason: current?.reason,
    containerReady: status.ready,
    containerStarted: status.started,
    containerStartedAt: state === 'running' ? timeOf(current?.startedAt) : undefined,
    lastTerminationReason: last?.reason,
    lastExitCode: last?.exitCode,
    lastSignal: last?.signal,
    lastFinishedAt: timeOf(last?.finishedAt),
    memoryLimit: bytesOf(limits.memory),
    memoryRequest: bytesOf(requests.memory),
    cpuLimit: millicoresOf(limits.cpu),
    cpuRequest: millicoresOf(requests.cpu),
    storageLimit: bytesOf(limits['ephemeral-storage']),
    storageRequest: bytesOf(requests['ephemeral-storage']),
    livenessProbe: handlerOf(spec.livenessProbe),
    readinessProbe: handlerOf(spec.readinessProbe),
    startupProbe: handlerOf(spec.startupProbe),
    privileged: own.privileged,
    runAsNonRoot: own.runAsNonRoot ?? ofPod.runAsNonRoot,
    runAsUser: own.runAsUser ?? ofPod.runAsUser,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem,
    allowPrivilegeEscalation: own.allowPrivilegeEscalation,
    capabilitiesAdded: own.capabilities?.add,
    seccompProfile: (own.seccompProfile ?? ofPod.seccompProfile)?.type,
    ports: spec.ports?.map(({ name, containerPort, protocol = 'TCP' }: Raw) => ({
      ...(name && { name }),
      port: containerPort,
      protocol,
    })),
    envFrom: envFromOf(spec),
  }
}

const HANDLERS = ['httpGet', 'tcpSocket', 'grpc', 'exec'] as const
const handlerOf = (probe: Raw): string | undefined => probe && HANDLERS.find((handler) => probe[handler])

/** By name alone; each once. */
function envFromOf({ envFrom = [], env = [] }: Raw) {
  const references = [
    ...envFrom.map(({ configMapRef, secretRef }: Raw) => [configMapRef, secretRef]),
    ...env.map(({ valueFrom }: Raw) => [valueFrom?.configMapKeyRef, valueFrom?.secretKeyRef]),
  ]
  const named = new Map<string, { kind: string; name: string }>()
  for (const [configMap, secret] of references) {
    const kind = configMap ? 'ConfigMap' : 'Secret'
    const { name } = configMap ?? secret ?? {}
    if (name) named.set(`${kind}/${name}`, { kind, name })
  }
  return named.size === 0 ? undefined : [...named.values()]
}
