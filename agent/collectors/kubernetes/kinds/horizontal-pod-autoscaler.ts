import { defineKind, given, labelsOf, type NameRef, type Raw, type Thing, trimMeta } from '../kind.ts'

interface Autoscaler extends Thing {
  readonly scaled: NameRef
}

/** The status that a condition has while all is well. */
const well: Readonly<Record<string, string>> = { AbleToScale: 'True', ScalingActive: 'True', ScalingLimited: 'False' }

export default defineKind<Autoscaler>({
  path: '/apis/autoscaling/v2/horizontalpodautoscalers',
  object: 'HorizontalPodAutoscaler',
  trim: (raw) => {
    const { spec = {}, status = {} } = raw as Raw
    const { apiVersion, kind, name } = spec.scaleTargetRef
    const meta = trimMeta(raw, 'HorizontalPodAutoscaler')
    const troubles: string[] = (status.conditions ?? []).flatMap(({ type, status: is, reason }: Raw) =>
      well[type] === undefined || well[type] === is ? [] : `${type}=${is}:${reason ?? ''}`,
    )
    return {
      ...meta,
      scaled: { kind: 'Workload', workloadKind: kind, namespace: meta.ref.namespace ?? '', name },
      target: { apiVersion, kind },
      body: given({
        labels: labelsOf(raw),
        target: `${kind}/${name}`,
        minReplicas: spec.minReplicas,
        maxReplicas: spec.maxReplicas,
        currentReplicas: status.currentReplicas,
        desiredReplicas: status.desiredReplicas,
        metrics: (spec.metrics ?? []).map(metricText),
        troubles: troubles.length ? troubles : undefined,
      }),
    }
  },
  references: ({ scaled }) => [scaled],
  // (HorizontalPodAutoscaler)-[:SCALES]->(Workload)
  relations: ({ scaled }, resolve) => [{ kind: 'SCALES', to: resolve(scaled) }],
})

/** `cpu=80%`, `app/memory=1Gi`, `queue_length=30` */
function metricText({ type, resource, containerResource, pods, object, external }: Raw): string {
  const source = resource ?? containerResource ?? pods ?? object ?? external ?? {}
  const name = source.name ?? source.metric?.name ?? type
  const { averageUtilization, averageValue, value } = source.target ?? {}
  const wanted = averageUtilization === undefined ? (averageValue ?? value) : `${averageUtilization}%`
  return `${containerResource ? `${containerResource.container}/` : ''}${name}=${wanted}`
}
