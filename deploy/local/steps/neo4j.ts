/** Neo4j's jars, and the image of a started JVM that makes every later start quicker. */
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fetchJars, findJava, jarsDir, javaFlags, startImage } from '../neo4j/install.ts'
import { startNeo4j } from '../neo4j.ts'
import { runTool } from '../run-tool.ts'
import type { Step } from '../set-up.ts'

export const neo4jJars: Step = {
  name: 'Neo4j and its Browser',
  done: () => existsSync(jarsDir),
  run: fetchJars,
  byHand: () => `mvn -f deploy/local/neo4j/pom.xml dependency:copy-dependencies -DoutputDirectory=${jarsDir}`,
}

export const neo4jStartImage: Step = {
  name: "Neo4j's start image",
  done: () => startImage().exists(),
  run: makeStartImage,
  byHand: () => 'nothing; without it each start of Neo4j takes a few seconds more',
}

/** Starts Neo4j once, lets it do what every test does first, and keeps the classes that it has loaded by then. */
async function makeStartImage() {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-image-'))
  const image = startImage().file
  const temporary = join(folder, 'image.jsa')
  try {
    const server = await startNeo4j({ dataDir: folder, jvmFlags: [`-XX:ArchiveClassesAtExit=${temporary}`] })
    await exercise(server)
    await server.stop()
    // An end that took too long was cut off, and the file with it: with -Xshare:on the JVM refuses one that is not whole.
    await runTool(findJava(), ['-Xshare:on', `-XX:SharedArchiveFile=${temporary}`, ...javaFlags, '-version'])
    // Not always one rename: the temporary folder may be on another file system.
    copyFileSync(temporary, `${image}.${process.pid}.tmp`)
    renameSync(`${image}.${process.pid}.tmp`, image)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function exercise(server: { browserUrl: string; user: string; password: string }) {
  const authorization = `Basic ${Buffer.from(`${server.user}:${server.password}`).toString('base64')}`
  const headers = { authorization, 'content-type': 'application/json' }
  const url = new URL('/db/neo4j/tx/commit', server.browserUrl)
  for (const statement of [
    'CREATE CONSTRAINT IF NOT EXISTS FOR (n:Thing) REQUIRE n.key IS UNIQUE',
    'CREATE INDEX IF NOT EXISTS FOR (n:Thing) ON (n.a, n.b)',
    'UNWIND range(1, 100) AS i MERGE (n:Thing {key: i}) ON CREATE SET n += {a: i, b: 1} SET n:Other',
    'MATCH (a:Thing {key: 1}) MATCH (b:Thing {key: 2}) MERGE (a)-[r:TO {from: 1}]->(b) SET r.to = 2 RETURN r',
    'MATCH p = (a:Thing {key: 1}) (()-[r:TO WHERE r.from <= 1]->()){1,3} (b) RETURN p ORDER BY b.a LIMIT 1',
    'MATCH (n:Thing) WHERE n.a > 5 CALL (n) { MATCH (n) RETURN count(*) AS c } RETURN collect(n.key)[0], sum(c)',
    'EXPLAIN MATCH (n:Thing {a: 1}) DETACH DELETE n',
  ]) {
    const response = await patientFetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ statements: [{ statement }] }),
    })
    const { errors } = (await response.json()) as { errors: unknown[] }
    if (errors.length) throw new Error(`Neo4j answered ${JSON.stringify(errors)} to ${statement}`)
  }
}

/** HTTP is up a moment after Bolt. */
async function patientFetch(url: URL, init: RequestInit): Promise<Response> {
  for (let tries = 1; ; tries++) {
    try {
      return await fetch(url, init)
    } catch (error) {
      if (tries === 100) throw error
      await sleep(100)
    }
  }
}
