/** Runs the Kubernetes collector until it has passed on as many pods as the first argument says; prints its memory in MB as JSON. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Collector, Log } from '../../../agent/collectors/collector.ts'
import { keepSmall } from '../../../agent/memory.ts'

// By its name, so that the project type-checks without this folder.
const main = new URL('../../../agent/collectors/kubernetes/main.ts', import.meta.url).href
keepSmall()
const { default: kubernetes } = (await import(main)) as { default: Collector }

const wanted = Number(process.argv[2])
const dataDir = mkdtempSync(join(tmpdir(), 'aitia-bench-'))
const megabytes = () => process.memoryUsage.rss() / 1e6
const pods = new Set<string>()
const began = performance.now()
const before = megabytes()
const collector = await kubernetes.start({
  cluster: 'bench',
  host: { key: 'bench', hostname: 'bench', bootId: 'bench' },
  emit: async (observations) => {
    for (const each of observations) if (each.type === 'state' && each.object.kind === 'Pod') pods.add(each.object.key)
  },
  drained: async () => {},
  dropped: () => 0,
  dataDir,
  log: { debug() {}, info() {}, warn: console.error, error: console.error } as unknown as Log,
  signal: new AbortController().signal,
})
let peak = 0
while (pods.size < wanted) {
  peak = Math.max(peak, megabytes())
  await sleep(20)
}
const seconds = (performance.now() - began) / 1000
for (const end = performance.now() + 3_000; performance.now() < end; await sleep(20)) peak = Math.max(peak, megabytes())
await collector.stop()
rmSync(dataDir, { recursive: true })
console.log(JSON.stringify({ before, peak, seconds }))
