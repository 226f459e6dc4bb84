/** The embedded Neo4j: Community Edition and its Browser, on loopback, from the jars that the set-up has fetched. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { givenNeo4j } from './config.ts'
import { findJava, jarsDir, javaFlags, startImage } from './neo4j/install.ts'
import { choosePorts, makePassword, passwordOf, portsOf, runServer, type Server, writeWhole } from './server.ts'

export type RunningNeo4j = Server & {
  readonly uri: string
  readonly user: string
  readonly password: string
  /** Neo4j Browser; it answers a moment (on a busy machine seconds) after Bolt does. */
  readonly browserUrl: string
}

/**
 * For a server that is gone in minutes, whose graph is filled and emptied: the JVM's first compiler alone, since the second takes more
 * than it gives in that time, and each statement planned once instead of as often as the counts have changed.
 */
export const SHORT_LIVED = {
  jvmFlags: ['-XX:TieredStopAtLevel=1'],
  settings: { 'dbms.cypher.min_replan_interval': '1h' },
}

/**
 * Starts Neo4j on `dataDir` (made if it is not there) and resolves when Bolt answers. Without ports it takes those it had
 * on this folder last time, else any free ones. `heapMb` is in MiB; `settings` come beside those that every server here has.
 * The password is made once and kept in `dataDir/password`, for its owner's eyes only.
 */
export async function startNeo4j(options: {
  dataDir: string
  boltPort?: number
  httpPort?: number
  heapMb?: number
  jvmFlags?: readonly string[]
  settings?: Readonly<Record<string, string>>
}): Promise<RunningNeo4j> {
  const dir = resolve(options.dataDir)
  if (!existsSync(jarsDir)) {
    throw new Error(
      `Neo4j: expected its jars in ${jarsDir}, found nothing. \`npm start\` or \`npm test\` fetches them.`,
    )
  }
  // Without a folder `web`, however empty, it does not look for the Browser on the class path.
  for (const name of ['conf', 'web']) mkdirSync(join(dir, name), { recursive: true, mode: 0o700 })
  const server = await runServer({
    name: 'Neo4j',
    dir,
    async command() {
      makeUser(dir)
      const ports = await choosePorts(dir, { bolt: options.boltPort, http: options.httpPort })
      writeWhole(join(dir, 'conf', 'neo4j.conf'), settingsOf(ports, options.settings))
      // What it unpacks is left where it is killed: here, not in the machine's /tmp.
      const temporary = join(dir, 'tmp')
      rmSync(temporary, { recursive: true, force: true })
      mkdirSync(temporary, { mode: 0o700 })
      const heap = options.heapMb ?? 1024
      const jvm = [
        `-Xms${Math.min(heap, 512)}m`,
        `-Xmx${heap}m`,
        `-Djava.io.tmpdir=${temporary}`,
        ...startImage().use,
        ...javaFlags,
        ...(options.jvmFlags ?? []),
      ]
      const args = [`--home-dir=${dir}`, `--config-dir=${join(dir, 'conf')}`, '--console-mode']
      return { file: findJava(), args: [...jvm, 'org.neo4j.server.CommunityEntryPoint', ...args] }
    },
    ready: () => answersBolt(portsOf<'bolt'>(dir).bolt),
  })
  const ports = portsOf<'bolt' | 'http'>(dir)
  return {
    ...server,
    uri: `bolt://127.0.0.1:${ports.bolt}`,
    user: 'neo4j',
    password: passwordOf(dir),
    browserUrl: `http://127.0.0.1:${ports.http}/browser/`,
  }
}

/** The Neo4j that AITIA_NEO4J_URI names, which nobody here stops; else one of our own. */
export async function findOrStartNeo4j(options: Parameters<typeof startNeo4j>[0]) {
  return givenNeo4j ? { ...givenNeo4j, browserUrl: undefined, stop: async () => {} } : startNeo4j(options)
}

const settingsOf = (ports: { bolt: number; http: number }, more: Readonly<Record<string, string>> = {}) =>
  `# Written at each start.
server.default_listen_address=127.0.0.1
server.default_advertised_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:${ports.bolt}
server.http.listen_address=127.0.0.1:${ports.http}
server.https.enabled=false
server.memory.pagecache.size=512m
# The logs would take 256 MB in each data folder from the first moment on.
db.tx_log.preallocate=false
# What is older than the last checkpoint serves nobody here (no backup, no second server): it would be kept for two days, up to 2 GB.
db.tx_log.rotation.size=16m
db.tx_log.rotation.retention_policy=32m size
dbms.security.procedures.allowlist=db.*,dbms.*,tx.*
dbms.security.allow_csv_import_from_file_urls=false
dbms.usage_report.enabled=false
# One plan for a statement, not one for each order of magnitude that its lists have.
internal.cypher.use_parameter_size=false
client.allow_telemetry=false
# No guide is loaded from anywhere else.
browser.remote_content_hostname_whitelist=127.0.0.1
# Else an orderly end waits ten idle seconds after the stores are closed.
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
${Object.entries(more)
  .map(([name, value]) => `${name}=${value}\n`)
  .join('')}`

/**
 * Makes the password and the record from which Neo4j creates its first user. This is what its own
 * \`set-initial-password\` writes (salted SHA-256, 1024 rounds), without two seconds of JVM.
 */
function makeUser(dir: string): void {
  const record = join(dir, 'data', 'dbms', 'auth.ini')
  const file = join(dir, 'password')
  if (!existsSync(file) && existsSync(join(dir, 'data', 'databases'))) {
    throw new Error(`Neo4j: expected the password of the database in ${dir} in ${file}, found none. Put it there.`)
  }
  makePassword(dir)
  if (!existsSync(record)) {
    mkdirSync(join(dir, 'data', 'dbms'), { recursive: true, mode: 0o700 })
    const salt = randomBytes(32)
    let hash = createHash('sha256').update(salt).update(passwordOf(dir)).digest()
    for (let round = 1; round < 1024; round++) hash = createHash('sha256').update(hash).digest()
    writeWhole(record, `neo4j:SHA-256,${hash.toString('hex')},${salt.toString('hex')},1024:`)
  }
}

/** The Bolt greeting: the magic word, four offers of a version; a server answers with the one it takes. */
function answersBolt(port: number): Promise<boolean> {
  const greeting = Buffer.from('6060b017 00000405 00000004 00000000 00000000'.replaceAll(' ', ''), 'hex')
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(greeting))
    const finish = (answer: boolean) => {
      socket.destroy()
      done(answer)
    }
    socket.once('data', (data) => finish(data.length >= 4 && data.readUInt32BE() !== 0))
    socket.once('error', () => finish(false))
    socket.setTimeout(2000, () => finish(false))
  })
}
