/** How commands speak: text for people, JSON for programs, failures on the error stream. */
import { colours, command } from './config.ts'

/** The command was given what it can't work with: exit code 2. */
export class UsageError extends Error {}

/** A failure whose whole text is the message: exit code 1. */
export class Failure extends Error {}

/**
 * Messages of all folders name the command `aitia`. A reader gets it as they called it, so that a command can be pasted: it stands at the begin of a
 * text, after a colon, in backticks or in a column, which a sentence about aitia does not.
 */
export const asCalled = (text: string): string =>
  command === 'aitia' ? text : text.replace(/(?<=^|[:`] ?| {2})aitia (?=[a-z-])/gm, `${command} `)

/**
 * What a terminal obeys instead of showing it: controls (C0, DEL, C1), and marks that turn the direction of what follows. A process names itself, events
 * and recordings come from anywhere: their text could reset a terminal, write to its clipboard, or show another line than there is.
 */
const OBEYED = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu
/** The same in a whole text, whose lines and tabs are ours, with what may be one of our colours. */
const OBEYED_OR_INK = new RegExp(String.raw`(?!\r?\n|\t)${OBEYED.source}(?:\[\d+m)?`, 'gu')
/** Bold, dim, red, green and yellow, and the ends of them. */
const INKS = new Set([1, 2, 22, 31, 32, 33, 39].map((code) => `\u001b[${code}m`))

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
const spelled = (character: string): string => {
  const code = character.charCodeAt(0).toString(16)
  return SHORT[character] ?? (code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`)
}

/** The same value with nothing in its texts that a terminal obeys: it is spelled. So are newlines and tabs, which would break a line or a column. */
export const plain = <T>(value: T): T => {
  if (typeof value === 'string') return value.replace(OBEYED, spelled) as T
  if (Array.isArray(value)) return value.map((member) => plain(member)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [plain(name), plain(member)])) as T
}

/** A whole text as it may reach a terminal: of all that one obeys only our lines, and our colours where there are any. */
export const forTerminal = (text: string, coloured = colours): string =>
  text.replace(OBEYED_OR_INK, (part) => (coloured && INKS.has(part) ? part : `${spelled(part[0]!)}${part.slice(1)}`))

/** JSON that shows on a terminal as it is: the escapes are its own, so that it is of the same value. */
export const jsonOf = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Prints a result: as JSON (times are µs since the epoch) or as the text that `render` makes of it. What it gets is plain: no renderer has to think of that. */
export const print = <T>(json: boolean, value: T, render: (value: T) => string): void => {
  console.log(json ? jsonOf(value, 2) : forTerminal(asCalled(render(plain(value)))))
}

/** Progress of a command that takes a while, out of the way of its result. */
export const say = (text: string): void => {
  process.stderr.write(`${forTerminal(asCalled(text))}\n`)
}

/**
 * Who reads may go at any time: `head` has enough, `tee` ends by the Ctrl-C that was meant for us, a terminal is closed. What a command does, how it ends
 * and its exit code are the same without them. A result that can't be written though somebody wants it (a full disk) is a failure.
 */
export const bearLostReaders = (): void => {
  process.stderr.on('error', () => {})
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE' || (code === 'EIO' && process.stdout.isTTY)) return
    say(`can't write to standard output (${message})`)
    // Over the code of a command that knows nothing of this.
    process.once('exit', () => {
      process.exitCode ||= 1
    })
  })
}
