/** Compares what a pattern concluded about a case with what the case expects. Pure. */
import type { Expectation } from '../../graph/model/recording.ts'

/** An occurrence as the graph has it in the end. */
export interface Outcome {
  readonly occurrence: { readonly result: string; readonly at: number; readonly containerName?: string }
  readonly verdict: {
    readonly status: string
    readonly result: string
    readonly outcome: string
    readonly confidence: number
    readonly missing: readonly string[]
    readonly unseen: readonly string[]
  }
  readonly incident: { readonly id: string; readonly workloadKind: string; readonly workloadName: string } | null
  readonly affected: readonly string[]
}

const workloadOf = ({ incident, affected }: Outcome): string => {
  if (incident !== null) return `${incident.workloadKind}/${incident.workloadName}`
  const top =
    affected.find((each) => each.startsWith('workload: ')) ?? affected.find((each) => each.startsWith('pod: '))
  return top?.replace(/^\w+: /, '') ?? ''
}

const same = (a: readonly string[], b: readonly string[]): boolean =>
  JSON.stringify([...a].sort()) === JSON.stringify([...b].sort())

/** Says of one occurrence all that differs. */
const differences = (expected: Expectation, { verdict, affected }: Outcome): string[] => {
  const problems: string[] = []
  const need = (what: string, got: unknown, wanted: unknown, equal: boolean) => {
    if (wanted !== undefined && !equal)
      problems.push(`${what}: got ${JSON.stringify(got)}, expected ${JSON.stringify(wanted)}`)
  }
  const { status, outcome, missing, unseen, confidence } = expected
  need('status', verdict.status, status, verdict.status === status)
  need('outcome', verdict.outcome, outcome, verdict.outcome === outcome)
  need('missing', verdict.missing, missing, missing !== undefined && verdict.missing.includes(missing))
  need('unseen', verdict.unseen, unseen, same(verdict.unseen, unseen ?? []))
  need('affected', affected, expected.affected, same(affected, expected.affected ?? []))
  need('confidence', verdict.confidence, confidence?.atLeast, verdict.confidence >= (confidence?.atLeast ?? 0))
  need('confidence', verdict.confidence, confidence?.atMost, verdict.confidence <= (confidence?.atMost ?? 1))
  return problems
}

const matches = (expected: Expectation, outcome: Outcome): boolean =>
  (expected.workload === undefined || workloadOf(outcome) === expected.workload) &&
  (expected.container === undefined || outcome.occurrence.containerName === expected.container)

/** The groups that an expectation speaks of: occurrences of one incident, or a single near miss. */
const groupsOf = (
  outcomes: readonly Outcome[],
): { readonly result: string; readonly members: readonly Outcome[] }[] => [
  ...[
    ...Map.groupBy(
      outcomes.filter(({ incident }) => incident),
      ({ incident }) => incident?.id,
    ),
  ].map(([, members]) => ({
    result: 'incident',
    members,
  })),
  ...outcomes
    .filter(({ verdict }) => verdict.result === 'near-miss')
    .map((each) => ({ result: 'near-miss', members: [each] })),
  ...outcomes
    .filter(({ verdict, incident }) => verdict.result === 'incident' && incident === null)
    .map((each) => ({ result: `occurrence that is ${each.verdict.status}`, members: [each] })),
]

/** All that differs, in words; empty where the case came out as it should. What nobody expected differs too. */
export const compare = (expectations: readonly Expectation[], outcomes: readonly Outcome[]): string[] => {
  const groups = groupsOf(outcomes)
  const met = new Set<(typeof groups)[number]>()
  const problems = expectations.flatMap((expected) => {
    const name = `${expected.result}${expected.workload === undefined ? '' : ` of ${expected.workload}`}`
    const found = groups.filter(({ members }) => matches(expected, members[0] as Outcome))
    if (expected.result === 'silence') return found.map(({ result }) => `${name}: got an ${result}, expected nothing`)
    const wanted = found.find((group) => {
      const waiting = group.result.startsWith('occurrence') && expected.status === 'waiting'
      return (group.result === expected.result || waiting) && !met.has(group)
    })
    if (wanted === undefined)
      return [`${name}: got ${found.map(({ result }) => result).join(', ') || 'nothing'}, expected one`]
    met.add(wanted)
    const { members } = wanted
    const count = expected.occurrences
    return [
      ...(count !== undefined && count !== members.length
        ? [`${name}: got ${members.length} occurrences, expected ${count}`]
        : []),
      ...differences(expected, members.at(-1) as Outcome).map((problem) => `${name}: ${problem}`),
    ]
  })
  const silenced = expectations.some(({ result }) => result === 'silence')
  const unexpected = groups.filter((group) => !met.has(group) && !silenced)
  return [
    ...problems,
    ...unexpected.map(
      ({ result, members }) => `an ${result} of ${workloadOf(members[0] as Outcome)} that nobody expected`,
    ),
  ]
}
