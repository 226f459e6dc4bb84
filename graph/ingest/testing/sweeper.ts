/** Begins one sweep of the cluster given on standard input; the test kills it within. */
import { text } from 'node:stream/consumers'
import { openStore } from '../../store/main.ts'
import { sweep } from '../retention.ts'

const store = openStore(JSON.parse(process.env.AITIA_TEST_NEO4J ?? ''))
const { cluster, horizon } = JSON.parse(await text(process.stdin))
await store.verify()
process.stdout.write('sweeping\n')
await sweep(store, cluster, horizon, 0)
await store.close()
