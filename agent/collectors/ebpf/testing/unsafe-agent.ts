/** A collector whose observations never become safe, in a process to be killed. */
import { statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setInterval } from 'node:timers'
import { startEbpf } from '../main.ts'
import { BOOT_ID } from './harness.ts'

const [dataDir, pinDir] = process.argv.slice(2) as [string, string]
const { pid } = process
const silent = () => {}
const collector = startEbpf(
  {
    cluster: 'test',
    host: { key: `unsafe-${pid}`, hostname: hostname(), bootId: BOOT_ID },
    emit: () => new Promise(() => {}),
    drained: async () => {},
    dropped: () => 0,
    dataDir,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    signal: new AbortController().signal,
  },
  { pinDir },
)
// It must have noted where it was, or the next run would not know that it goes on; what a look finds is noted after it. The first
// look comes before any batch: after one with an event of whatever pod runs on this machine nothing is safe, and nothing noted.
collector.progress?.()
const wait = setInterval(() => {
  const noted = statSync(join(dataDir, 'state')).size > 0
  collector.progress?.()
  if (!noted) return
  clearInterval(wait)
  process.stdout.write('watching\n')
}, 100)
