import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testCluster } from '../../test/support/servers.ts'
import { statement } from '../reads/read.ts'
import { createCorrelator } from './correlator.ts'
import { caseNamed, graphForTest, inCluster, split } from './testing.ts'

describe('a correlator', async () => {
  const store = await graphForTest()

  it('gives each cluster its turn, however much there is still to do in another', async () => {
    const [first, second] = [testCluster(), testCluster()].sort() as [string, string]
    const recording = caseNamed('crash-loop')
    const kills = split(recording, (each) => each.type === 'event' && each.kind === 'oom-kill')[0]
    const turns: string[] = []
    await inCluster(
      store,
      (busy, loadBusy) =>
        inCluster(
          store,
          async (_, loadOther) => {
            await loadOther(caseNamed('main-killed'))
            const correlator = createCorrelator({
              store: {
                ...store,
                // Something new in one of them at each pass, until there are no more.
                read: async (cypher, params) => {
                  // Each pass begins with it.
                  const key = cypher === statement('lanes') ? (params as { keys: string[] }).keys[0]! : ''
                  const cluster = key.slice(0, key.lastIndexOf('/'))
                  if ([first, second].includes(cluster)) {
                    const made = turns.push(cluster) - 1
                    if (cluster === busy && made < kills.length) await loadBusy(recording, kills.slice(made, made + 1))
                  }
                  return store.read(cypher, params)
                },
              },
            })
            await loadBusy(recording, kills.slice(0, 1))
            await correlator.start()
            try {
              while (turns.filter((cluster) => cluster === busy).length < kills.length || !turns.includes(second))
                await sleep(200)
            } finally {
              await correlator.stop()
            }
            const turn = turns.indexOf(second)
            assert.ok(turn < kills.length, `its turn came after ${turn} passes`)
          },
          second,
        ),
      first,
    )
  })

  it('goes on with the others where one fails, and says so in the end', async () => {
    const recording = caseNamed('crash-loop')
    const kills = split(recording, (each) => each.type === 'event' && each.kind === 'oom-kill')[0]
    const broken = testCluster()
    await inCluster(
      store,
      async (busy, loadBusy) => {
        await loadBusy(recording, kills.slice(0, 1))
        let passes = 0
        const failed = Promise.withResolvers<{ error: unknown; passes: number }>()
        const correlator = createCorrelator({
          store: {
            ...store,
            read: async (cypher, params) => {
              const key = cypher === statement('lanes') ? (params as { keys: string[] }).keys[0]! : ''
              if (key.startsWith(`${broken}/`)) throw new Error('broken for this test')
              if (key.startsWith(`${busy}/`) && ++passes < kills.length) await loadBusy(recording, [kills[passes]!])
              return store.read(cypher, params)
            },
          },
          onError: (error) => failed.resolve({ error, passes }),
        })
        await inCluster(
          store,
          async (_, loadBroken) => {
            await loadBroken(caseNamed('main-killed'))
            await correlator.start()
            try {
              const first = await failed.promise
              assert.match(String(first.error), /broken for this test/)
              assert.ok(first.passes >= kills.length, `${first.passes} passes, with ${kills.length} kills to come`)
            } finally {
              await correlator.stop()
            }
          },
          broken,
        )
      },
      testCluster(),
    )
  })
})
