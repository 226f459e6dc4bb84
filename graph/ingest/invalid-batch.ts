/** A batch that can never be written: not to be tried again. */
export class InvalidBatch extends Error {
  readonly reasons: readonly string[]
  constructor(reasons: readonly string[]) {
    const more = reasons.length > 20 ? `\n  and ${reasons.length - 20} more` : ''
    super(`invalid batch:\n  ${reasons.slice(0, 20).join('\n  ')}${more}`)
    this.name = 'InvalidBatch'
    this.reasons = reasons
  }
}
