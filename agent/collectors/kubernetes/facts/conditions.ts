import { given, type Raw, timeOf } from '../kind.ts'

/** One of `status.conditions`, as nodes, pods and workloads have them. */
export interface Condition {
  readonly type: string
  /** True, False or Unknown. */
  readonly status: string
  /** lastTransitionTime, µs. */
  readonly at: number | undefined
  readonly reason: string
  readonly message?: string
}

const messageLimit = 1024

/** What somebody wrote in words, cut at 1,024 characters; undefined where it is nothing. */
export const cut = (message: string | undefined): string | undefined => message?.slice(0, messageLimit) || undefined

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** All conditions of a raw object's status. What is none, as a custom kind may have it there, is left out. */
export const conditionsOf = (status: Raw): Condition[] =>
  (Array.isArray(status?.conditions) ? status.conditions : [])
    .filter((each: Raw) => typeof each?.type === 'string' && typeof each.status === 'string')
    .map(({ type, status, lastTransitionTime, reason, message }: Raw) => ({
      ...{ type, status, at: timeOf(lastTransitionTime), reason: textOf(reason) },
      ...given({ message: cut(textOf(message)) }),
    }))
