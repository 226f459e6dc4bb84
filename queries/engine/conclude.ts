/** Writes verdicts, and what follows from the newest verdict of each occurrence: causes, affected objects, incidents. */
import { horizonOf, writePlaceholders } from '../../graph/ingest/main.ts'
import { now } from '../../graph/model/time.ts'
import type { Params, Store, Transaction } from '../../graph/store/main.ts'
import { type Conclusion, conclusionOf, type Stored, withdrawal } from './conclusion.ts'
import { occurrenceId } from './identity.ts'
import type { Judgement } from './judgement.ts'
import { type Pattern, spanBefore } from './pattern.ts'
import { statement } from './statements.ts'

const follow = async (transaction: Transaction, cluster: string, written: readonly Conclusion[]): Promise<void> => {
  /** Nothing is asked where there is nothing to do. */
  const run = async (name: string, list: 'ids' | 'rows', of: readonly unknown[], more: Params = {}) =>
    of.length === 0 ? [] : transaction.run<{ id: string }>(statement(name), { [list]: of, ...more })
  const evidence = written.flatMap(({ verdictId, evidence }) =>
    evidence.map(({ step, id }) => ({ verdictId, eventId: id, step })),
  )
  const causes = written.flatMap(({ verdictId, hops }) => hops.map((hop) => ({ ...hop, verdictId })))
  const affected = written.flatMap(({ id, affected }) => affected.map(({ key, role }) => ({ id, key, role })))
  const members = written.map(({ id, incidentId, incident }) => ({ id, incidentId, incident }))
  const joined = members.filter(({ incidentId }) => incidentId !== null)
  // The edge to it needs a node. Where the same verdict comes from what Kubernetes told, it is there by that.
  const named = written.flatMap((each) => each.named ?? [])
  if (named.length > 0) await writePlaceholders(transaction, cluster, named)
  // All started at once: the server runs them in this order.
  const [left] = await Promise.all([
    run('leave-incidents', 'rows', members),
    run(
      'forget-causes',
      'ids',
      written.flatMap((each) => each.previous ?? []),
    ),
    run(
      'forget-affected',
      'rows',
      written.map(({ id, affected }) => ({ id, keys: affected.map(({ key }) => key) })),
    ),
    run('write-evidence', 'rows', evidence),
    run('write-causes', 'rows', causes),
    run('write-affected', 'rows', affected),
    run('join-incidents', 'rows', joined),
  ])
  const ids = [...new Set([...left.map(({ id }) => id), ...joined.map(({ incidentId }) => incidentId as string)])]
  // Sorted, so that two writers take the locks in one order.
  await run('sum-incidents', 'ids', ids.sort(), { now: now() })
}

/** Occurrences of which no more is to be found out; an incident whose others are final is then final too. */
const close = async (transaction: Transaction, rows: readonly { id: string; number: number }[]): Promise<void> => {
  const closed = await transaction.run<{ incident: string | null }>(statement('write-closed'), { rows })
  const ids = [...new Set(closed.flatMap(({ incident }) => incident ?? []))].sort()
  if (ids.length > 0) await transaction.run(statement('sum-incidents'), { ids, now: now() })
}

/** What became of a set of judgements. */
export interface Concluded {
  readonly written: number
  /** Anchors on which another correlator concluded meanwhile: to be evaluated again. */
  readonly overtaken: number
}

/**
 * What is said of anchors so far, by occurrence. Read it before they are evaluated: who concluded since then may have seen
 * more, and is not written over.
 */
export const storedOf = async (
  store: Store,
  pattern: Pattern,
  cluster: string,
  anchors: readonly string[],
): Promise<Map<string, Stored>> => {
  const ids = anchors.map((anchor) => occurrenceId(cluster, pattern.id, anchor))
  const rows = await store.read<Stored>(statement('occurrences-stored'), { ids })
  return new Map(rows.map((each) => [each.id, each]))
}

/**
 * Writes a verdict for each anchor whose content differs from the last one. Ids are made of content: a crash before the
 * cursor is moved leads to the same verdicts, and none is doubled.
 */
export const conclude = async (
  store: Store,
  pattern: Pattern,
  cluster: string,
  judged: ReadonlyMap<string, Judgement | null>,
  stored: ReadonlyMap<string, Stored>,
  lanes: readonly number[],
): Promise<Concluded> => {
  const horizon = await horizonOf(store, cluster)
  // Beyond it a verdict stands as it is: what it rested on may be gone.
  const isBeyond = (at: number | undefined): boolean =>
    horizon !== null && at !== undefined && at - spanBefore(pattern) < horizon.at
  const conclusions: Conclusion[] = []
  const awaits: { id: string; number: number; awaits: string }[] = []
  const closed: { id: string; number: number }[] = []
  for (const [anchor, judgement] of judged) {
    const before = stored.get(occurrenceId(cluster, pattern.id, anchor))
    if (isBeyond(judgement?.anchor.at ?? before?.at)) {
      // Left open it would be woken for ever: what it waited for has passed.
      if (before?.open) closed.push({ id: before.id, number: before.number })
      continue
    }
    if (judgement === null) {
      if (before !== undefined && before.result !== 'silence')
        conclusions.push(withdrawal(pattern, cluster, before, lanes))
      continue
    }
    const conclusion = conclusionOf(pattern, cluster, judgement, before, lanes)
    const waitsFor = JSON.stringify(judgement.awaits)
    if (conclusion !== null) conclusions.push(conclusion)
    else if (before !== undefined && before.awaits !== waitsFor)
      awaits.push({ id: before.id, number: before.number, awaits: waitsFor })
  }
  if (conclusions.length + awaits.length + closed.length === 0) return { written: 0, overtaken: 0 }
  conclusions.sort((a, b) => (a.id < b.id ? -1 : 1))
  return store.write(async (transaction) => {
    if (awaits.length > 0) await transaction.run(statement('write-awaits'), { rows: awaits })
    if (closed.length > 0) await close(transaction, closed)
    if (conclusions.length === 0) return { written: 0, overtaken: 0 }
    const done = await transaction.run<{ id: string }>(statement('write-verdicts'), {
      rows: conclusions.map(({ id, expected, verdictId, occurrence, verdict }) => ({
        ...{ id, expected, verdictId, occurrence, verdict },
      })),
      now: now(),
    })
    const ours = new Set(done.map(({ id }) => id))
    const written = conclusions.filter(({ id }) => ours.has(id))
    if (written.length > 0) await follow(transaction, cluster, written)
    return { written: written.length, overtaken: conclusions.length - written.length }
  })
}
