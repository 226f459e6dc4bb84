import { ensureBinaries } from './binaries.ts'
import { clusterUnavailable, programs, startCluster } from './cluster.ts'
import { progress } from './command.ts'
import { RunState } from './run-state.ts'
import { shop } from './workloads.ts'

const usage = `usage: node test/cluster/main.ts build             (all that a real cluster takes)
       node test/cluster/main.ts up [NAME] [NODES]   (a cluster with the shop in it; NAME is "shop" unless given)
       node test/cluster/main.ts down [NAME]`

async function up(name = 'shop', nodes = '1'): Promise<void> {
  const start = performance.now()
  const cluster = await startCluster({ name, nodes: Number(nodes) })
  await cluster.apply(shop)
  cluster.keep()
  progress(`${name} is up after ${((performance.now() - start) / 1000).toFixed(1)} s, end it with: down ${name}`)
  for (const { name, pid, cgroup } of cluster.nodes) progress(`${name}: namespaces of pid ${pid}, cgroup ${cgroup}`)
  console.log(`export KUBECONFIG=${cluster.kubeconfig}`)
}

const [command, ...words] = process.argv.slice(2)
if (command === 'build') {
  const reason = await clusterUnavailable()
  if (reason === null) for (const each of Object.entries(await ensureBinaries(programs))) console.log(each.join('\t'))
  else {
    progress(`it can't run here: ${reason}`)
    process.exitCode = 1
  }
} else if (command === 'up') {
  await up(...words)
} else if (command === 'down') {
  await RunState.remove(words[0] ?? 'shop')
} else {
  console.error(usage)
  process.exitCode = 2
}
