/** Neo4j's jars, fetched from Maven Central by neo4j/pom.xml, and the JVM that runs them. */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheDir, javaHome } from '../config.ts'
import { runTool } from '../run-tool.ts'

const pom = join(import.meta.dirname, 'pom.xml')
const version = (name: string) => readFileSync(pom, 'utf8').match(`<${name}.version>(.*)</`)?.[1] ?? 'unknown'

/** One folder for each pair of versions; it appears whole or not at all. */
export const jarsDir = join(cacheDir, `neo4j-${version('neo4j')}-browser-${version('browser')}`)

/** Fetches the jars beside their place and then moves them there in one step. */
export async function fetchJars() {
  mkdirSync(cacheDir, { recursive: true })
  sweepAbandoned()
  const temporary = `${jarsDir}.${process.pid}.tmp`
  try {
    await runTool('mvn', [
      ...['--batch-mode', '--quiet', '--file', pom, 'dependency:copy-dependencies'],
      ...['-DincludeScope=runtime', `-DoutputDirectory=${temporary}`],
    ])
    // Another run may have been quicker.
    if (!existsSync(jarsDir)) renameSync(temporary, jarsDir)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** Removes what interrupted runs left, but not what a running one is about to finish. */
function sweepAbandoned() {
  for (const name of readdirSync(cacheDir)) {
    const pid = name.match(/^neo4j-.*\.(\d+)\.tmp$/)?.[1]
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(cacheDir, name), { recursive: true, force: true })
  }
}

/** The JVM to run Neo4j with: Debian's 17, else that of JAVA_HOME, else whatever is on PATH. */
export function findJava(): string {
  const debian = ['amd64', 'arm64'].map((arch) => `/usr/lib/jvm/java-17-openjdk-${arch}/bin/java`)
  const named = javaHome ? [join(javaHome, 'bin', 'java')] : []
  return [...debian, ...named].find((file) => existsSync(file)) ?? 'java'
}

/** The class path and the doors that Neo4j 5.26 needs opened on JDK 17. */
export const javaFlags = [
  ...['java.nio', 'java.io', 'sun.nio.ch', 'java.util.concurrent'].map(
    (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
  ),
  '--enable-native-access=ALL-UNNAMED',
  '-Dio.netty.tryReflectionSetAccessible=true',
  '-Dlog4j2.disable.jmx=true',
  '-cp',
  `${jarsDir}/*`,
]

/**
 * The classes as the JVM has them in memory after a start, in a file: with it a start takes a third less time. It belongs
 * to one build of the JDK, which is why its name holds the JDK's date.
 */
export function startImage() {
  const java = findJava()
  const modules = existsSync(java) ? join(dirname(dirname(realpathSync(java))), 'lib', 'modules') : java
  const built = statSync(modules, { throwIfNoEntry: false })?.mtimeMs.toFixed(0) ?? 'unknown'
  const file = `${jarsDir}.${built}.jsa`
  return {
    file,
    exists: () => existsSync(file),
    use: existsSync(file) ? [`-XX:SharedArchiveFile=${file}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off'] : [],
  }
}
