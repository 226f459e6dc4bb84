/** Commands that ask about any time, as processes: what they print of a real graph, and how they fail. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { loadRecording } from '../../graph/ingest/main.ts'
import type { StateObservation } from '../../graph/model/observation.ts'
import { MINUTE, SECOND, toRfc3339 } from '../../graph/model/time.ts'
import { applySchema, openStore, type Store } from '../../graph/store/main.ts'
import { neo4jForTest, removeCluster, testCluster } from '../../test/support/servers.ts'
import { EBPF, healthy, heartbeat, KUBERNETES, outOfMemory, recordingOf } from '../../test/support/shop.ts'

/** 2026-09-21T13:46:40Z */
const START = 1_790_084_800 * SECOND
const KILL = START + 10 * MINUTE + 812_000
const END = KILL + 20 * MINUTE
const GONE = KILL + 10 * MINUTE

const tombstone = ({ object, ...state }: StateObservation): StateObservation => ({
  ...{ ...state, object, at: GONE, version: GONE, deleted: true, body: {}, relations: [] },
})

describe('the command line as of a time', () => {
  const cluster = testCluster()
  let store: Store
  let environment: NodeJS.ProcessEnv

  const aitia = (...args: readonly string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) =>
      execFile(
        process.execPath,
        [join(import.meta.dirname, 'main.ts'), ...args],
        { env: environment },
        (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      ),
    )
  const says = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await aitia(...args)
    assert.equal(code, 0, err)
    assert.ok(!out.includes('…'), out)
    return out
  }
  /** What a terminal of so many columns shows; `script` is one. */
  const onTerminal = (width: number, ...args: readonly string[]): Promise<string[]> =>
    new Promise((resolve, reject) => {
      const command = [process.execPath, join(import.meta.dirname, 'main.ts'), ...args].map((arg) => `'${arg}'`)
      execFile(
        'script',
        ['-qec', `stty cols ${width}; exec ${command.join(' ')}`, '/dev/null'],
        { env: { ...environment, NO_COLOR: '1' } },
        (error, out) => (error === null ? resolve(out.split('\r\n')) : reject(error)),
      )
    })
  const then = ['-n', 'shop', '--at', toRfc3339(KILL + 2 * SECOND)]

  before(async () => {
    const { uri, user, password } = await neo4jForTest()
    environment = {
      ...process.env,
      ...{ AITIA_NEO4J_URI: uri, AITIA_NEO4J_USER: user, AITIA_NEO4J_PASSWORD: password },
      ...{ AITIA_CLUSTER: cluster, TZ: 'UTC' },
    }
    store = openStore({ uri, user, password })
    await applySchema(store)
    const told = healthy(START)
    const gone = told
      .filter((it): it is StateObservation => it.type === 'state' && it.object.namespace === 'shop')
      .map(tombstone)
    const beats = [heartbeat(KUBERNETES, START, END, true), heartbeat(EBPF, START, END, true)]
    await loadRecording(store, recordingOf([...told, ...outOfMemory(KILL), ...gone, ...beats]), cluster)
  })
  after(async () => {
    await removeCluster(store, cluster)
    await store.close()
  })

  test('topology of an object and of a namespace', async () => {
    const around = await says('topology', 'deployment/checkout', ...then)
    assert.match(
      around,
      /^deployment\/checkout at .*13:56:42 UTC: 11 objects, 14 relations\.\n {2}as of +2026-09-22T13:56:42\.812Z\n/,
    )
    assert.match(around, /\n {2}ReplicaSet shop\/checkout-7d9\n {4}OWNS +Pod shop\/checkout-7d9-1 +.*13:46:40\n/)
    assert.match(around, /\n {4}SELECTS +Pod shop\/checkout-7d9-1 +.*13:56:41 +ready=false\n/)
    assert.match(
      await says('topology', ...then, '--first', '3'),
      /^namespace shop at .*: 3 objects.*cut +there is more/s,
    )
  })

  test('workload, owners, dependencies, dependents', async () => {
    const workload = await says('workload', 'checkout', ...then)
    assert.match(workload, /^Deployment shop\/checkout at .*: 2 of 3 ready\.\n/)
    assert.match(workload, /checkout-7d9-1 +Running, not ready +node-1 +app\n/)
    assert.match(workload, /Service shop\/checkout +2 of 3 ready\n/)
    assert.match(workload, /13:56:40\.812 +OOM kill .*node \(pid 41172, 251 MiB\)/)
    assert.match(
      await says('owners', 'pod/checkout-7d9-1', ...then),
      /^Pod shop\/checkout-7d9-1 belonged to Deployment shop\/checkout at .*\n {4}ReplicaSet shop\/checkout-7d9\n {6}Deployment/s,
    )
    const relied = await says('dependencies', 'deployment/checkout', ...then)
    assert.match(relied, /^Deployment shop\/checkout relied on 9 objects at /)
    assert.match(relied, /Host node-1 +ON +.*checkout-7d9 > checkout-7d9-\d > node-1\n/)
    assert.match(
      await says('dependents', 'node/node-1', ...then),
      /^6 objects relied on Node node-1 at .*Service shop\/checkout +SELECTS/s,
    )
  })

  test('changes, events, who had an address', async () => {
    const window = ['-n', 'shop', '--from', toRfc3339(KILL - MINUTE), '--to', toRfc3339(GONE)]
    const changes = await says('changes', 'deployment/checkout', ...window)
    assert.match(changes, /^Deployment shop\/checkout: 4 changes from .* to .*\.\n/)
    assert.match(changes, /13:56:41\.812 +Deployment shop\/checkout +readyReplicas 3 -> 2\n/)
    assert.match(changes, /deleted\n/)
    const around = await says('changes', 'pod/checkout-7d9-1', ...window, '--around')
    assert.match(around, /Container c1 +OOM kill: node/)
    const late = await aitia('events', 'deployment/checkout', ...then, '--since', toRfc3339(GONE))
    assert.deepEqual([late.code, late.out], [2, ''])
    assert.match(
      late.err,
      /^--since: got 2026-09-22T14:06:40\.812.*, expected a time before --at, .*: give an earlier one\n$/,
    )
    assert.match(around, /Pod shop\/checkout-7d9-1 +ready true -> false/)
    const events = await says('events', 'deployment/checkout', ...then, '--since', '-10m')
    assert.match(
      events,
      /^Deployment shop\/checkout: 3 events from .*13:56:28\.812 +memory pressure +checkout-7d9-1 +ebpf/s,
    )
    // Kubernetes tells whole seconds.
    assert.match(events, /13:56:40 +terminated/)
    assert.match(
      await says('who-had', '10.0.0.1', '--at', toRfc3339(KILL)),
      /^Nobody is known to have held 10\.0\.0\.1 at /,
    )
  })

  test('none is no number of rows', async () => {
    for (const [command, ...more] of [['events'], ['changes', '--from', toRfc3339(START)]]) {
      const { code, out, err } = await aitia(command!, 'deployment/checkout', '-n', 'shop', ...more, '--first', '0')
      assert.deepEqual([code, out, err], [2, '', 'a page of 0 was asked for, expected 1 to 1000\n'])
    }
  })

  test('events of a recording are those of the day before its end, where no time is given', async () => {
    assert.match(await says('events', 'deployment/checkout', '-n', 'shop'), /memory pressure/)
  })

  test('a row is as long as it is, but on a terminal that is narrower', async () => {
    const asked = ['events', 'deployment/checkout', ...then, '--since', '-10m']
    const rows = (await says(...asked)).split('\n').filter((line) => line.includes('memory pressure'))
    assert.ok(rows.length === 1 && rows[0]!.length > 84, rows[0])
    const narrow = await onTerminal(84, ...asked)
    assert.ok(narrow.includes(`${rows[0]!.slice(0, 83)}…`), narrow.join('\n'))
    assert.ok((await onTerminal(160, ...asked)).includes(rows[0]!))
  })

  test('says what nobody watched, and what is meant where a name is wrong or gone', async () => {
    const early = await says('who-had', '10.0.0.1', '--at', toRfc3339(START - MINUTE))
    assert.match(early, /not seen +kubernetes@cluster began to watch at .*13:46:40: of the time before nothing was/)
    const wrong = await aitia('owners', 'pod/checkout-7d9-11', '-n', 'shop', '--at', toRfc3339(KILL))
    assert.equal(wrong.code, 1)
    assert.match(wrong.err, /^no pod "checkout-7d9-11" in namespace "shop" \(nearest: checkout-7d9-1/)
    const gone = await aitia('topology', 'deployment/checkout', '-n', 'shop')
    assert.equal(gone.code, 1)
    assert.match(
      gone.err,
      /any more: it was deleted at .*14:06:40 UTC\. Add\s--at[\s\S]*\n {2}as of +2026-09-22T14:16:40\.812Z\n$/,
    )
    const usage = await aitia('changes', 'pod/x', '--from', toRfc3339(END), '--to', toRfc3339(KILL))
    assert.deepEqual([usage.code, usage.out], [2, ''])
    assert.equal(
      usage.err,
      '--from: got 2026-09-22T14:16:40.812000Z, expected a time before --to, 2026-09-22T13:56:40.812000Z: give an earlier one\n',
    )
    const turned = await aitia('changes', 'pod/x', '--from', '-1h', '--to', '-2h')
    assert.equal(turned.code, 2, 'both are before now')
    assert.match(turned.err, /^--from: got .*, expected a time before --to, /)
    assert.equal((await aitia('who-had', 'nonsense')).code, 2)
    assert.equal((await aitia('dependents', 'pod/x', '--depth', '99')).code, 2)
  })

  test('which time was taken is told in full, as JSON too', async () => {
    const shop = ['checkout', '-n', 'shop']
    const [from, at] = [toRfc3339(KILL - MINUTE), toRfc3339(KILL)]
    const windows = [
      ['why', ...shop, '--since', from, '--at', at],
      ['events', ...shop, '--since', from, '--at', at],
      ['changes', ...shop, '--from', from, '--to', at],
    ]
    const taken = async (...args: readonly string[]): Promise<string | undefined> =>
      /^ {2}as of {7}(.*)$/m.exec(await says(...args))?.[1]
    for (const window of windows)
      assert.equal(await taken(...window), '2026-09-22T13:56:40.812Z, back to 2026-09-22T13:55:40.812Z')
    assert.equal(await taken('why', ...shop, '--at', at), '2026-09-22T13:56:40.812Z, back to 2026-09-21T13:56:40.812Z')
    assert.equal(await taken('owners', 'pod/checkout-7d9-1', ...then), '2026-09-22T13:56:42.812Z')
    assert.equal(
      await taken('who-had', '10.0.0.1', '--at', at, '--known', toRfc3339(START)),
      '2026-09-22T13:56:40.812Z, with what was known at 2026-09-22T13:46:40Z',
    )
    for (const window of windows.slice(1)) {
      const { asking } = JSON.parse(await says(...window, '--json')) as { asking: { from: number; at: number } }
      assert.deepEqual([asking.from, asking.at], [KILL - MINUTE, KILL])
    }
  })

  test('--json has it all; --help has an example; --version', async () => {
    const json = JSON.parse(await (await aitia('dependencies', 'checkout', ...then, '--json')).out) as {
      found: { path: object[] }[]
      ground: { at: number }
    }
    assert.deepEqual([json.found.length, json.ground.at], [9, KILL + 2 * SECOND])
    for (const command of [
      'topology',
      'workload',
      'owners',
      'dependencies',
      'dependents',
      'who-had',
      'changes',
      'events',
    ])
      assert.match(await says(command, '--help'), new RegExp(`Example:\n  aitia ${command} `))
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      version: string
    }
    assert.equal(await says('--version'), `${version}\n`)
  })
})
