/** Several rows of a pattern for one anchor are several ways to read the graph: which one is said, and what the others would say. */
import type { Judgement, Reading } from './judgement.ts'

/** Other ways to read it that a verdict names. */
const TOLD = 4

const evidenceText = ({ content }: Judgement): string => content.evidence.map(({ id }) => id).join()

/** The surest first, then the one with more evidence, then by what they say: the order of rows does not count. */
const bySurety = (a: Judgement, b: Judgement): number =>
  b.content.confidence - a.content.confidence ||
  b.content.evidence.length - a.content.evidence.length ||
  compare(evidenceText(a), evidenceText(b)) ||
  compare(JSON.stringify(a.content), JSON.stringify(b.content))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const readingOf = ({ content: { outcome, confidence, evidence, ownership } }: Judgement): Reading => ({
  ...{ outcome, confidence, evidence, workload: ownership.workload },
})

/** The best of an anchor's judgements, with the others as its alternatives. */
export const choose = (judged: readonly Judgement[]): Judgement => {
  const [best, ...others] = judged.toSorted(bySurety) as [Judgement, ...Judgement[]]
  return { ...best, content: { ...best.content, alternatives: others.slice(0, TOLD).map(readingOf) } }
}
