/** `npm run bench [NAME...]`: runs the benchmarks of this folder one after the other and prints their table. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Benchmark, type Row, within } from './row.ts'

const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))

const budgetOf = (row: Row): string => {
  if (row.budget === undefined) return ''
  return 'atLeast' in row.budget ? `≥ ${row.budget.atLeast}` : `≤ ${row.budget.atMost}`
}

const VERDICTS = new Map<boolean | null, string>([
  [true, 'yes'],
  [false, 'NO'],
  [null, ''],
])

const line = (row: Row): string =>
  `| ${[row.what, `${round(row.value)} ${row.unit}`, budgetOf(row), VERDICTS.get(within(row)), row.detail].join(' | ')} |`

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

const rows: Row[] = []
for (const name of names.filter((each) => wanted.length === 0 || wanted.includes(each))) {
  console.error(`measuring ${name} ...`)
  const { bench } = (await import(join(import.meta.dirname, `${name}.ts`))) as Partial<Benchmark>
  if (bench !== undefined) rows.push(...(await bench()))
}
console.log('| what | measured | budget | kept | how |\n|---|---|---|---|---|')
for (const row of rows) console.log(line(row))
process.exit(rows.some((row) => within(row) === false) ? 1 : 0)
