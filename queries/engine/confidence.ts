/** How sure a verdict is: the rule's confidence, times what its joins are worth, capped by what may have been missed. All parts are kept. */

/** Caps are judgements; only their order is meant. A required step that nobody could have seen weighs most. */
export const CAPS = { unseen: 0.7, orderUnknown: 0.8, loss: 0.9 } as const

/** Something that says that one link of the chain happened. */
export interface Witness {
  readonly step: string
  /** The link that it tells of: its own step, or the one that it is another witness of. */
  readonly link: string
  readonly origin: string
  /** What its join is worth. */
  readonly worth: number
}

export interface Parts {
  readonly rule: number
  /** Product over the links. */
  readonly joins: number
  /** Witnesses of each link by origin; those of one origin counted once. */
  readonly links: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Rows that the pattern found for the anchor: more than one is an ambiguity and divides. */
  readonly alternatives: number
  readonly caps: readonly { readonly why: keyof typeof CAPS; readonly value: number }[]
}

/** 1 - Π(1 - worth) over independent witnesses (noisy-or). */
export const noisyOr = (worths: readonly number[]): number => 1 - worths.reduce((rest, worth) => rest * (1 - worth), 1)

/** Groups witnesses by link and origin, the best of each origin standing for it. */
const linksOf = (witnesses: readonly Witness[]): Parts['links'] => {
  const links: Record<string, Record<string, number>> = {}
  for (const { link, origin, worth } of witnesses) {
    links[link] ??= {}
    links[link][origin] = Math.max(links[link][origin] ?? 0, worth)
  }
  return links
}

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000

/** `required` names the links whose joins count: one that is not required can't make the chain weaker. */
export const confidenceOf = (
  rule: number,
  witnesses: readonly Witness[],
  required: ReadonlySet<string>,
  alternatives: number,
  why: readonly (keyof typeof CAPS)[],
): { confidence: number; parts: Parts } => {
  const links = linksOf(witnesses)
  const joins = Object.entries(links)
    .filter(([link]) => required.has(link))
    .reduce((product, [, origins]) => product * noisyOr(Object.values(origins)), 1)
  const caps = why.map((each) => ({ why: each, value: CAPS[each] }))
  const confidence = Math.min((rule * joins) / Math.max(1, alternatives), ...caps.map((cap) => cap.value))
  return { confidence: rounded(confidence), parts: { rule, joins: rounded(joins), links, alternatives, caps } }
}
