/** The flags of `node --test` that `npm test` knows as well: the ones that choose among tests. */
import { parseArgs } from 'node:util'

const options = {
  'test-name-pattern': { type: 'string', multiple: true },
  'test-skip-pattern': { type: 'string', multiple: true },
  'test-only': { type: 'boolean' },
} as const

/**
 * What was asked for, and what is no flag.
 * @throws TypeError for a flag that is not known
 */
export const parseTestArguments = (args: string[]) => parseArgs({ args, options, allowPositionals: true })

/** As they are written again. */
export const flagsOf = ({ values }: ReturnType<typeof parseTestArguments>): string[] =>
  Object.entries(values).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((each) => `--${name}=${each}`) : [`--${name}`],
  )

/** What is wrong with them and what was expected, or null. */
export function refusedTestArguments(args: string[]): string | null {
  try {
    parseTestArguments(args)
    return null
  } catch (error) {
    const known = Object.keys(options).map((name) => `--${name}`)
    return `${(error as Error).message.split('. ')[0]}. Expected paths of tests, and of flags ${known.join(', ')}.`
  }
}
