/** Writes the batches given on standard input, over and over, until it is killed. */
import { text } from 'node:stream/consumers'
import type { Batch } from '../../model/batch.ts'
import { openStore } from '../../store/main.ts'
import { createWriter } from '../main.ts'

const store = openStore(JSON.parse(process.env.AITIA_TEST_NEO4J ?? ''))
const batches = JSON.parse(await text(process.stdin)) as Batch[]
const writer = createWriter(store)
await store.verify()
process.stdout.write('writing\n')
for (;;) for (const batch of batches) await writer.write(batch)
