/** When something happened, in words. */
import { SECOND } from '../../graph/model/time.ts'

/** Its stamp says [at, until], µs. */
export interface Stamp {
  readonly at: number
  readonly until: number
}

/** `at 14:02:10`; of a stamp wider than the second that Kubernetes tells `between 14:02:10 and 14:13:25`. `time` writes a point in time. */
export const whenText = ({ at, until }: Stamp, time: (micros: number) => string): string =>
  until - at > SECOND ? `between ${time(at)} and ${time(until)}` : `at ${time(at)}`
