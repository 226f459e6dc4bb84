import { SECOND } from '../../../../graph/model/time.ts'
import type { RawObject } from '../../../reflector/list.ts'
import { type Fact, given, type Raw, type Sighting, type Thing } from '../kind.ts'
import { type Condition, conditionsOf } from './conditions.ts'
import { statusWrittenAt, unstamped, type Written } from './stamps.ts'

/** Pods of a workload as its controller counted them last. */
export interface Counts {
  readonly replicas?: number
  readonly updatedReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
}

/** How a workload is. */
export interface Standing extends Written {
  /** Those that tell of trouble, whatever their status now. */
  readonly conditions: readonly Condition[]
  /** Absent before its controller wrote any. */
  readonly counts?: Counts
  /** The owner tells how it is, but for a Job's failure. */
  readonly isQuiet: boolean
  /** How many of those that are wanted may be away. */
  readonly leeway: number
  readonly generation?: number
  readonly observedGeneration?: number
}

type Workload = Thing & Standing

/** Status of a condition that means trouble. */
const trouble: Readonly<Record<string, Condition['status']>> = {
  Available: 'False',
  Progressing: 'False',
  ReplicaFailure: 'True',
  Failed: 'True',
}

/** A controller writes its first conditions one after the other. */
const oneSync = 2 * SECOND

const hasAvailable = ({ conditions }: Workload): boolean => conditions.some(({ type }) => type === 'Available')

const isTrouble = ({ type, status }: Condition): boolean => trouble[type] === status

/** A number that an operator may have written otherwise. */
export const whole = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) ? (value as number) : undefined

/** Of a raw workload; `types` are the conditions that count. */
export function standingOf(raw: RawObject, counts: Counts, types: readonly string[]): Omit<Standing, 'isQuiet'> {
  const { metadata, spec, status } = raw as Raw
  const isCounted = status?.observedGeneration !== undefined || status?.startTime !== undefined
  return {
    conditions: conditionsOf(status).filter(({ type }) => types.includes(type)),
    ...(isCounted && { counts }),
    leeway: leewayOf(spec?.updateStrategy, counts.replicas ?? 0),
    ...given({ generation: whole(metadata.generation), observedGeneration: whole(status?.observedGeneration) }),
    statusAt: statusWrittenAt(raw),
  }
}

/** maxUnavailable of a kind that replaces its pods by itself; a rollout of such is no trouble. */
function leewayOf(strategy: Raw, wanted: number): number {
  if (!strategy) return 0
  const { maxUnavailable = 1 } = strategy.rollingUpdate ?? {}
  return typeof maxUnavailable === 'number'
    ? maxUnavailable
    : Math.ceil((wanted * Number.parseInt(maxUnavailable, 10)) / 100)
}

/** Trouble and its end: by conditions, whose stamps a later sight tells as well; by counts only where two sights differ. */
export const workloadFacts = (workload: Workload, sighting: Sighting<Workload>): Fact[] => {
  if (sighting.gone) return []
  return [
    ...workload.conditions.flatMap((condition) => stamped(workload, condition, sighting)),
    ...ended(workload, sighting),
    ...(workload.isQuiet || hasAvailable(workload) ? [] : counted(workload, sighting)),
  ]
}

function stamped(workload: Workload, condition: Condition, sighting: Sighting<Workload>): Fact[] {
  const { type, at, reason, message } = condition
  const isBad = isTrouble(condition)
  if (at === undefined || !(isBad || (type === 'Available' && condition.status === 'True'))) return []
  if (isBad && isOnTheWay(workload, condition)) return []
  const words = given({ reason: reason || undefined, message })
  return [told(workload, sighting, { type, recovered: !isBad, id: at, ...words }, { at, uncertainty: SECOND })]
}

/** A Deployment begins as not available: no change, as long as its first rollout goes on. */
const isOnTheWay = ({ conditions }: Workload, { type, at = 0 }: Condition): boolean =>
  type === 'Available' &&
  conditions.some((each) => each.type === 'Progressing' && each.status === 'True' && at <= (each.at ?? 0) + oneSync)

/** Of a trouble that the sight before showed; one that is over may be left out of the conditions. */
function ended(workload: Workload, sighting: Sighting<Workload>): Fact[] {
  const before = sighting.previous?.conditions.filter((each) => each.type !== 'Available' && isTrouble(each)) ?? []
  return before.flatMap(({ type }) => {
    const now = workload.conditions.find((each) => each.type === type)
    if (now && isTrouble(now)) return []
    const when = now?.at === undefined ? changedAt(workload, sighting) : { at: now.at, uncertainty: SECOND }
    return [told(workload, sighting, { type, recovered: true, id: now?.at ?? workload.version }, when)]
  })
}

/** What tells how many are available in one of two sights, and leaves it out of the other, has none there. */
function counted(workload: Workload, sighting: Sighting<Workload>): Fact[] {
  const { previous } = sighting
  if (previous === undefined || [workload, previous].every(({ counts }) => counts?.availableReplicas === undefined))
    return []
  const [now, before] = [isShort(workload), isShort(previous)]
  if (now === undefined || before === undefined || now === before) return []
  const what = { type: 'Available', recovered: !now, id: workload.version }
  return [told(workload, sighting, what, changedAt(workload, sighting))]
}

/** Whether fewer are available than may be; undefined where that is not counted. */
function isShort({ counts, leeway }: Workload): boolean | undefined {
  const { replicas: wanted, availableReplicas: available = 0 } = counts ?? {}
  if (wanted === undefined) return undefined
  return wanted > 0 && (available === 0 || available < wanted - leeway)
}

/** The status that shows it was written when it happened, unless others were written in between unseen. */
function changedAt(workload: Workload, sighting: Sighting<Workload>) {
  const { statusAt } = workload
  if (statusAt !== undefined && !sighting.uncertaintyFrom) return { at: statusAt, uncertainty: SECOND }
  return unstamped(workload, sighting, sighting.uncertaintyFrom)
}

function told(
  { ref, counts, generation, observedGeneration }: Workload,
  { previous }: Sighting<Workload>,
  {
    type,
    recovered,
    id,
    ...words
  }: { type: string; recovered: boolean; id: number; reason?: string; message?: string },
  when: { at: number; uncertainty: number },
): Fact {
  const { replicas, updatedReplicas, readyReplicas, availableReplicas } = previous?.counts ?? {}
  return {
    kind: 'workload-unavailable',
    id: `workload-unavailable/${ref.key}/${type}/${recovered}/${id}`,
    ...when,
    object: ref,
    fields: {
      ...{ condition: type, recovered, ...words, ...counts },
      ...given({
        ...{ generation, observedGeneration },
        previousReplicas: replicas,
        previousUpdatedReplicas: updatedReplicas,
        previousReadyReplicas: readyReplicas,
        previousAvailableReplicas: availableReplicas,
      }),
    },
  }
}
