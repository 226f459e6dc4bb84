/** How commands speak: text for people, JSON for programs, failures on the error stream. */
import { command } from './config.ts'

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

/** Prints a result: as JSON (times are µs since the epoch) or as the text that `render` makes of it. */
export const print = <T>(json: boolean, value: T, render: (value: T) => string): void => {
  console.log(json ? JSON.stringify(value, null, 2) : asCalled(render(value)))
}

/** Progress of a command that takes a while, out of the way of its result. */
export const say = (text: string): void => {
  process.stderr.write(`${asCalled(text)}\n`)
}
