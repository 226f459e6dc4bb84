import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest } from '../../test/support/servers.ts'
import { lintPattern } from './lint.ts'
import { loadPatterns, type Pattern } from './pattern.ts'
import { applyEngineSchema } from './statements.ts'

describe('lint on a real server', () => {
  let store: Store
  const pattern = loadPatterns().find(({ id }) => id === 'container-oom') as Pattern
  before(async () => {
    store = openStore(await neo4jForTest())
    await applySchema(store)
    await applyEngineSchema(store, [pattern])
  })
  after(() => store.close())

  /** The pattern with a part of its Cypher written otherwise. */
  const changed = (from: string | RegExp, to: string): Pattern => {
    const cypher = pattern.cypher.replace(from, to)
    assert.notEqual(cypher, pattern.cypher, `${from} is not in match.cypher`)
    return { ...pattern, cypher }
  }
  const refuses = async (bad: Pattern, problem: RegExp): Promise<void> => {
    const problems = await lintPattern(store, bad)
    assert.ok(
      problems.some((each) => problem.test(each)),
      `expected ${problem}, got:\n${problems.join('\n')}`,
    )
  }

  it('finds nothing in the patterns that come with aitia', async () => {
    for (const each of loadPatterns()) assert.deepEqual(await lintPattern(store, each), [], each.id)
  })

  it('refuses a write', () =>
    refuses(changed('RETURN oomKill.id AS anchor', 'SET oomKill.seen = true RETURN oomKill.id AS anchor'), /writ/i))

  it('refuses text that is no Cypher', () =>
    refuses(changed('UNWIND $anchors', 'UNWIND UNWIND $anchors'), /Invalid input/))

  it('refuses the scan of a label', () =>
    refuses(
      changed('memoryPressure.objectKey = oomKill.objectKey', 'memoryPressure.namespace = oomKill.namespace'),
      /reads everything/,
    ))

  it('refuses a scan of the graph', () =>
    refuses(
      changed('MATCH (oomKill:Event&OomKill {id: anchorId})', 'MATCH (oomKill {id: anchorId})'),
      /reads everything/,
    ))

  it('refuses a path without bound', async () => {
    await refuses(changed('{0,8}', '*'), /without bound/)
    await refuses(changed('{0,8}', '{0,}'), /without bound/)
    await refuses(changed(/\(pod\)<-\[selects:SELECTS WHERE[^\]]*\]/, '(pod)<-[selects:SELECTS*]'), /without bound/)
  })

  it('refuses a Cartesian product, but not of two unique seeks', async () => {
    const product =
      'MATCH (oomKill:Event&OomKill {id: anchorId})-[:ABOUT]->(container:Container), (x:OomKill) WHERE x.objectKey > $cluster AND x.at > 0 AND'
    await refuses(
      changed(/MATCH \(oomKill:Event&OomKill \{id: anchorId\}\)-\[:ABOUT\]->\(container:Container\)\s+WHERE/, product),
      /Cartesian|everything/,
    )
    const seeks = changed(
      'UNWIND $anchors AS anchorId',
      'MATCH (a:Object {key: $cluster}), (b:Object {key: $cluster}) UNWIND $anchors AS anchorId',
    )
    assert.deepEqual(await lintPattern(store, seeks), [])
  })

  it('refuses a relation without its times', async () => {
    await refuses(
      changed('up.from - up.uncertainty <= oomKill.at < up.to AND ', ''),
      /up:OWNS is traversed without up.from/,
    )
    await refuses(
      changed(' AND up.recordedFrom <= $known < up.recordedTo', ''),
      /up:OWNS is traversed without up.recordedFrom/,
    )
    await refuses(changed(' WHERE runs.recordedFrom <= $known < runs.recordedTo', ''), /runs:RUNS is traversed without/)
    await refuses(changed(/\[up:OWNS WHERE[^\]]*\]/, '[:OWNS]'), /OWNS has no name/)
  })

  it('refuses a step that ignores the knowledge time or what is to be left out', async () => {
    await refuses(
      changed('memoryPressure.recordedAt <= $known', 'true'),
      /memory-pressure: expected memoryPressure.recordedAt/,
    )
    await refuses(
      changed('NOT processExit.id IN $without', 'true'),
      /process-exit: expected NOT processExit.id IN \$without/,
    )
  })

  it('refuses spans that pattern.yaml does not say', async () => {
    await refuses(changed('$steps.memoryPressure.before', '60000000'), /within.before of pattern.yaml is not used/)
    await refuses(changed('$steps.memoryPressure.before', '60000000'), /60000000 µs differs/)
  })

  it('refuses what ends before the anchor may have been', async () => {
    await refuses(
      changed('memoryPressure.at <= oomKill.at + oomKill.uncertainty', 'memoryPressure.at <= oomKill.at'),
      /memory-pressure: .+ expected memoryPressure.at <= oomKill.at \+ oomKill.uncertainty/,
    )
    await refuses(
      changed('memoryPressure.at <= oomKill.at + oomKill.uncertainty', 'oomKill.at >= memoryPressure.at'),
      /memory-pressure: ends at the begin/,
    )
    await refuses(
      changed('processExit.at <= oomKill.at + oomKill.uncertainty +', 'processExit.at <= oomKill.at +'),
      /process-exit: .+ expected oomKill.at \+ oomKill.uncertainty \+ \$steps.processExit.after/,
    )
  })

  it('refuses missing and unknown columns', async () => {
    await refuses(changed('RETURN oomKill.id AS anchor', 'RETURN oomKill.id AS id'), /column anchor is not returned/)
    await refuses(changed('RETURN oomKill.id AS anchor', 'RETURN oomKill.id AS id'), /column id is returned/)
  })
})
