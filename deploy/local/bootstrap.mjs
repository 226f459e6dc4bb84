// The way in for whatever Node is there (18 or later): installs the packages of package-lock.json, then goes on in
// main.ts under Node 24, which one of these packages brings.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..', '..')
const modules = join(root, 'node_modules')
const note = join(modules, '.package-lock.json')

// Who reads may go before what was begun has ended in order: `head`, or `tee` by the same Ctrl-C.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
if (!installed()) install()

const packaged = ['x64', 'arm64'].map((cpu) => join(modules, `node-linux-${cpu}`, 'bin', 'node')).find(existsSync)
const node = packaged ?? (Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : undefined)
if (!node) {
  console.error(
    `Node ${process.versions.node} runs this and no packaged Node 24 is there for ${process.platform} ${process.arch}: ` +
      'expected Node 24 or later. Install it and run the same command again.',
  )
  process.exit(1)
}

const child = spawn(node, [join(root, 'deploy', 'local', 'main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' })
// Ctrl-C reaches the child by itself; it decides how long its end takes. A signal sent to us alone is handed on.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
// npm, told to end, goes without a word to us.
const parent = process.ppid
setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 500).unref()
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
})

/**
 * Whether what is installed is what the lock file says. npm notes what it has installed as its last act, so that half an
 * install has no note; comparing it leaves a folder alone that somebody has brought up to date by hand.
 */
function installed() {
  if (!existsSync(note)) return false
  const there = JSON.parse(readFileSync(note, 'utf8')).packages
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, it]) => path === '' || (there[path] ? there[path].integrity === it.integrity : it.optional),
  )
}

/**
 * Not `npm ci`: it demands a lock file that names the optional packages of every other platform, and a registry that lacks
 * some of these can't make one. That what came is what the lock file says is checked here all the same.
 */
function install() {
  const started = Date.now()
  process.stdout.write('npm packages ... ')
  if (existsSync(note)) rmSync(note)
  else rmSync(modules, { recursive: true, force: true })
  try {
    const options = { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] }
    execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], options)
    if (!installed()) throw new Error('npm installed something else than package-lock.json says')
  } catch (error) {
    console.error(`failed\n${error.message}\nRun npm install by hand in ${root} to see why.`)
    process.exit(1)
  }
  console.log(`${((Date.now() - started) / 1000).toFixed(1)} s`)
}
