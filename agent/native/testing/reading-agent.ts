/** Reads a pinned ring like an agent, tells what it read, acknowledges the first batches it is told to, and waits to be killed. */
import { Kernel } from '../native.ts'
import { decodeBatch, OBJECTS } from './recorder.ts'

const [pinDir, acknowledgements] = process.argv.slice(2)
const kernel = new Kernel({ objects: OBJECTS, pinDir: pinDir as string })
let left = Number(acknowledgements)
kernel.start((batch) => {
  const acknowledged = left-- > 0
  if (acknowledged) kernel.acknowledge(batch)
  const records = decodeBatch(batch).map(({ cpu, sequence }) => `${cpu}/${sequence}`)
  process.stdout.write(`${JSON.stringify({ acknowledged, records })}\n`)
})
process.stdout.write('"reading"\n')
