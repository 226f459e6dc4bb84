/** Claims a file again and again, and says how often it was not alone with it; server.test.ts runs several. */
import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { claim } from '../server.ts'

const [file = '', times = ''] = process.argv.slice(2)
let clashes = 0
for (let time = 0; time < Number(times); time++) {
  const release = await claim(file)
  try {
    writeFileSync(`${file}.inside`, '', { flag: 'wx' })
    await sleep(1)
    rmSync(`${file}.inside`)
  } catch {
    clashes++
  }
  release()
}
process.send?.({ clashes })
