/** `npm run bench [NAME...]`: runs the benchmarks of this folder one after the other and prints their table. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Benchmark, type Row, within } from './row.ts'

const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))

const budgetOf = (row: Row): string => {
  if (row.budget === undefined) return ''
  const amount = 'atLeast' in row.budget ? `≥ ${row.budget.atLeast}` : `≤ ${row.budget.atMost}`
  return row.unit === 'x' ? amount : `${amount} ${row.unit}`
}

const VERDICTS = new Map<boolean | null, string>([
  [true, 'yes'],
  [false, '**no**'],
  [null, ''],
])

/** A figure, and the file that it comes from. */
interface Line {
  readonly file: string
  readonly row: Row
}

const line = ({ file, row }: Line): string =>
  `| ${[row.what, `${round(row.value)} ${row.unit}`, budgetOf(row), VERDICTS.get(within(row)), file].join(' | ')} |`

/** Longest time that one file may take, ms: it is the last one then, or the next would be measured beside it. */
const FILE_LIMIT = 25 * 60_000

const wanted = process.argv.slice(2)
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !['main.ts', 'row.ts'].includes(file))
  .map((file) => file.slice(0, -3))
  .sort()
const unknown = wanted.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are: ${names.join(', ')}`)
  process.exit(2)
}

const lines: Line[] = []
const failed: string[] = []
for (const name of names.filter((each) => wanted.length === 0 || wanted.includes(each))) {
  console.error(`measuring ${name} ...`)
  const began = performance.now()
  try {
    const { bench } = (await import(join(import.meta.dirname, `${name}.ts`))) as Partial<Benchmark>
    const late = sleep(FILE_LIMIT, null, { ref: false })
    const rows = await Promise.race([bench?.() ?? [], late])
    if (rows === null) throw new Error(`not done after ${FILE_LIMIT / 60_000} minutes`)
    lines.push(...rows.map((row) => ({ file: name, row })))
  } catch (error) {
    failed.push(`${name}: ${(error as Error).message}`)
    if (performance.now() - began >= FILE_LIMIT) break
  }
  console.error(`measured ${name} in ${((performance.now() - began) / 1_000).toFixed(0)} s`)
}
console.log('| what | measured | budget | kept | file |\n|---|---|---|---|---|')
for (const each of lines) console.log(line(each))
console.log(`\n${lines.map(({ row }) => `- ${row.what}: ${row.detail}`).join('\n')}`)
for (const each of failed) console.error(`no figure of ${each}`)
process.exit(failed.length > 0 || lines.some(({ row }) => within(row) === false) ? 1 : 0)
