/**
 * What the machine runs: `npm test` without the set-up, for which it can fetch nothing, and without servers for all. Where
 * processors are emulated these take minutes to start, and tests of the kernel need none; a test that does starts its own.
 */
import { test } from '../../../deploy/local/test-run.ts'

process.exitCode = await test(process.argv.slice(2), (work) => work({}))
