/**
 * Up to which time everything is passed on. What the claim rests on:
 * - A consistent list is at least as new as the moment when it was asked for.
 * - A bookmark, or an event of a watch that has caught up, comes in order behind all that the server sent before it: its arrival
 *   is the watermark.
 * - A watch that has been open and read for `bound` claims `now - bound`, without any message: a quiet cluster goes on. The bound
 *   covers a dead network path (TCP keep-alive ends the connection 14 s after the last acknowledgement, `request.ts`) and the
 *   backlog of a resumed watch.
 * What it does not cover: a server process that hangs with its connections open. That shows when a bookmark is overdue
 * (`Timings.silence`); until then changes may come later than the claim. They do come, since the watch is resumed.
 */
export class Watermark {
  #value: number | undefined
  #aliveSince: number | undefined
  #caughtUp = false
  #beat: number | undefined
  readonly #bound: number

  /** `bound` in microseconds. */
  constructor(bound: number) {
    this.#bound = bound
  }

  /** Microseconds; undefined before the first list. */
  get value(): number | undefined {
    return this.#value
  }

  /** False while a watch may still be delivering what happened before it was opened. */
  get caughtUp(): boolean {
    return this.#caughtUp
  }

  opened(at: number): void {
    this.#aliveSince = at
    this.#caughtUp = false
  }

  closed(): void {
    this.#aliveSince = undefined
    this.#caughtUp = false
  }

  /** This process did not read for a while: what arrived meanwhile is a backlog. */
  stalled(at: number): void {
    if (this.#aliveSince !== undefined) this.opened(at)
  }

  listed(askedAt: number): void {
    this.#raise(askedAt)
  }

  /** It arrived at `at`; where this process has not read since, what came after it is a backlog. */
  bookmark(at: number): void {
    if (at >= (this.#aliveSince ?? at)) this.#caughtUp = true
    this.#raise(at)
  }

  event(at: number): void {
    if (this.#caughtUp) this.#raise(at)
  }

  /**
   * To be called every `interval` µs. Where it was not, this process was stopped or the machine slept, and the socket may hold what
   * it has not read; or the clock was set, which looks the same.
   */
  beat(now: number, interval: number): void {
    const since = this.#beat === undefined ? 0 : now - this.#beat
    this.#beat = now
    if (since > 5 * interval || since < 0) this.stalled(now)
  }

  tick(now: number): void {
    if (this.#aliveSince === undefined || now - this.#bound < this.#aliveSince) return
    this.#caughtUp = true
    this.#raise(now - this.#bound)
  }

  #raise(to: number): void {
    if (this.#value === undefined || to > this.#value) this.#value = to
  }
}
