/** Starts Redis on the given folder and says its pid; redis.test.ts then kills this process. */
import { startRedis } from '../redis.ts'

const { pid } = await startRedis({ dataDir: process.argv[2] ?? '' })
process.send?.({ pid })
setInterval(() => {}, 60_000)
