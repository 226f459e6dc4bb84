/** `npm run test:vm [-- PATHS...]`: as `npm test`, in a machine of its own with Debian's kernel and cgroup v2. */
import { join, resolve } from 'node:path'
import { root } from '../../deploy/local/config.ts'
import { passedOn, suite } from './config.ts'
import { guestKernel } from './kernel.ts'
import { acceleration, runInMachine } from './machine.ts'

const kernel = await guestKernel(suite)
console.log(`Linux ${kernel.version}, cgroup v2, ${acceleration().told}`)
process.exitCode = await runInMachine(kernel, {
  words: [process.execPath, join(import.meta.dirname, 'inside', 'main.ts'), ...process.argv.slice(2)],
  folder: root,
  environment: { ...passedOn, NO_COLOR: process.stdout.isTTY ? undefined : '1' },
  result: resolve(root, '.aitia', 'test-results.jsonl'),
})
