/** Every command gives its result as JSON where it is asked to. In this process: to start Node for each would be most of the work. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import { MINUTE, SECOND, toRfc3339 } from '../../graph/model/time.ts'
import { readRecording } from '../../graph/queue/main.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { createCorrelator, OWN_PATTERNS, removeCluster } from '../../queries/engine/main.ts'
import { incidents } from '../../queries/reads/main.ts'
import { neo4jForTest, redisForTest, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'

/** A time of its own for each run: the cluster of the replay comes from its content. */
const START = 1_700_000_000 * SECOND + Math.floor(Math.random() * 5e7) * SECOND
const KILL = START + 10 * MINUTE
const END = KILL + 5 * MINUTE

/** What runs until it is ended: it has no result. `up` has one with a replay, and tests of its own. */
const WITHOUT_RESULT = ['agent', 'api', 'correlate', 'worker', 'up']

/** The names of all commands, as main.ts declares them. */
const commands = (): string[] => {
  const text = readFileSync(join(import.meta.dirname, 'main.ts'), 'utf8')
  const declared = [...text.matchAll(/\b(program|patterns|schema)\s*\.command\('([\w-]+)'\)/g)]
  const groups = new Set(declared.map(([, owner]) => owner))
  return declared.flatMap(([, owner, name]) =>
    groups.has(name) ? [] : owner === 'program' ? [name!] : [`${owner} ${name}`],
  )
}

describe('--json', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-json-'))
  const given = process.env
  let store: Store
  let incident = ''
  /** That of a replay of the recording. */
  let cluster = ''
  let runs = 0

  /** What a command prints on standard output, as the value that it is the JSON of. */
  const json = async (command: string, ...args: readonly string[]): Promise<Record<string, unknown>> => {
    const [out, err]: [string[], string[]] = [[], []]
    const { log, error } = console
    process.argv = [process.execPath, 'aitia', ...command.split(' '), ...args, '--json']
    Object.assign(console, { log: (text: string) => out.push(text), error: (text: string) => err.push(text) })
    try {
      await import(`./main.ts?run=${++runs}`)
    } finally {
      Object.assign(console, { log, error })
      // Some say by it what they have found.
      process.exitCode = undefined
    }
    assert.deepEqual(err, [], command)
    try {
      return JSON.parse(out.join('\n'))
    } catch (fault) {
      throw new Error(`${[command, ...args].join(' ')}: ${(fault as Error).message}: ${out.join('\n')}`)
    }
  }

  before(async () => {
    const { uri, user, password } = await neo4jForTest()
    // Read when the command line is loaded.
    process.env = {
      ...given,
      ...{ AITIA_NEO4J_URI: uri, AITIA_NEO4J_USER: user, AITIA_NEO4J_PASSWORD: password },
      ...{ AITIA_REDIS_URL: await redisForTest(), AITIA_QUEUE_PREFIX: testCluster() },
      ...{ AITIA_DATA: folder, KUBECONFIG: '' },
    }
    // Each load of main.ts adds one.
    for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(100)
    store = openStore({ uri, user, password })
    await applySchema(store)
    const beats = [heartbeat(KUBERNETES, START, END, true), heartbeat(EBPF, START, END, true)]
    const recording = recordingOf([...healthy(START), ...outOfMemory(KILL), ...beats])
    const file = join(folder, 'recording.json')
    writeFileSync(file, JSON.stringify(recording))
    cluster = readRecording(readFileSync(file, 'utf8'), file).cluster
    process.env.AITIA_CLUSTER = cluster
    await loadRecording(store, recording, cluster)
    await createCorrelator({ store }).runOnce(cluster)
    incident = (await incidents(store, cluster)).items[0]!.id.slice(cluster.length + 1)
    const own = join(folder, 'patterns', 'own-oom')
    mkdirSync(join(own, 'cases'), { recursive: true })
    const copied = (name: string, from: string, to: string) =>
      writeFileSync(
        join(own, name),
        readFileSync(join(OWN_PATTERNS, 'container-oom', name), 'utf8').replaceAll(from, to),
      )
    copied('pattern.yaml', 'id: container-oom', 'id: own-oom')
    copied('match.cypher', '', '')
    copied('cases/healthy.yaml', 'container-oom', 'own-oom')
  })
  after(async () => {
    process.env = given
    await removeCluster(store, cluster)
    await store.close()
    rmSync(folder, { recursive: true })
  })

  test('each command has a result that can be read, in each of its forms', async () => {
    const shop = ['deployment/checkout', '-n', 'shop']
    const pod = ['pod/checkout-7d9-1', '-n', 'shop']
    const file = join(folder, 'recording.json')
    const own = ['own-oom', '--patterns', join(folder, 'patterns')]
    const asked: Record<string, readonly (readonly string[])[]> = {
      why: [shop],
      topology: [shop, ['-n', 'shop']],
      workload: [shop],
      owners: [pod],
      dependencies: [shop],
      dependents: [['node/node-1']],
      'who-had': [['10.0.0.1']],
      changes: [[...shop, '--from', toRfc3339(START)]],
      events: [shop],
      incidents: [[], [incident], ['--pattern', 'nope']],
      record: [
        ['--incident', incident],
        ['--incident', incident, '-o', join(folder, 'incident.json')],
      ],
      'patterns list': [[]],
      'patterns show': [['container-oom'], ['container-oom', '--browser']],
      'patterns lint': [['container-oom']],
      'patterns test': [own],
      doctor: [[], ['--unpin'], ['--redrive']],
      'schema apply': [[]],
      'schema show': [[]],
      // Last, as it takes away what the others ask for.
      replay: [[file], [file, '--wait', '0'], [file, '--remove']],
    }
    assert.deepEqual([...Object.keys(asked), ...WITHOUT_RESULT].sort(), commands().sort())
    const results = new Map<string, Record<string, unknown>>()
    for (const [command, forms] of Object.entries(asked))
      for (const form of forms) {
        const result = await json(command, ...form)
        assert.ok(typeof result === 'object' && result !== null, command)
        results.set([command, ...form].join(' '), result)
      }
    const of = (...words: readonly string[]) => results.get(words.join(' '))!
    const { answers, problems } = of('replay', file, '--wait', '0') as { answers: { headline: string }[]; problems: [] }
    assert.match(answers[0]!.headline, /^checkout lost 1 of 3 replicas/)
    assert.deepEqual(problems, [])
    const { parameters, cypher } = of('patterns show', 'container-oom', '--browser') as {
      parameters: { anchors: string[] }
      cypher: string
    }
    assert.deepEqual(parameters.anchors, [`${cluster}/oom-${KILL}`])
    assert.equal(cypher, readFileSync(join(OWN_PATTERNS, 'container-oom', 'match.cypher'), 'utf8'))
    const written = of('record', '--incident', incident, '-o', join(folder, 'incident.json'))
    const kept = JSON.parse(readFileSync(join(folder, 'incident.json'), 'utf8')) as { observations: object[] }
    assert.deepEqual([written.file, written.observations], [join(folder, 'incident.json'), kept.observations.length])
  })
})
