/** `aitia why KIND/NAME`: the cause, its chain, and what it rests on. */
import type { Answer, Question } from '../../../queries/reads/main.ts'
import { ink, timeOption, withStore } from '../open.ts'
import { Failure, plain, print, UsageError } from '../output.ts'
import { type Ink, renderWhy } from '../render/why.ts'

export interface WhyOptions {
  readonly namespace: string
  readonly cluster: string
  readonly at?: string
  readonly known?: string
  readonly since?: string
  readonly json?: true
}

/** `deployment/checkout`, or `checkout` for a Deployment. */
export const parseTarget = (target: string): { kind: string; name: string } => {
  const parts = target.split('/')
  if (parts.length > 2 || parts.some((part) => part === ''))
    throw new UsageError(`got "${target}", expected KIND/NAME such as deployment/checkout`)
  return parts.length === 1 ? { kind: 'deployment', name: parts[0]! } : { kind: parts[0]!, name: parts[1]! }
}

/** An answer for programs. */
export const answerAsJson = (answer: Answer, { reads }: Ink) => ({
  headline: reads.headline(answer, reads.toRfc3339),
  ...answer,
})

export const why = async (target: string, options: WhyOptions): Promise<void> => {
  const { kind, name } = parseTarget(target)
  const tools = await ink()
  const now = tools.reads.now()
  const at = timeOption('--at', options.at, now)
  const known = timeOption('--known', options.known, now)
  const since = timeOption('--since', options.since, at ?? now)
  const question: Question = {
    ...{ kind, name, namespace: options.namespace, cluster: options.cluster },
    ...(at === undefined ? {} : { at }),
    ...(known === undefined ? {} : { known }),
    ...(since === undefined ? {} : { since }),
  }
  const answer = await withStore((store) => tools.reads.why(store, question))
  const json = options.json === true
  if (answer.result === 'not-found' && !json) throw new Failure(renderWhy(plain(answer), tools))
  print(json, answerAsJson(answer, tools), (it) => renderWhy(it, tools))
  if (answer.result === 'not-found') process.exitCode = 1
}
