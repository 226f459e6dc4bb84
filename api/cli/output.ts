/** How commands speak: text for people, JSON for programs, failures on the error stream. */

/** The command was given what it can't work with: exit code 2. */
export class UsageError extends Error {}

/** A failure whose whole text is the message: exit code 1. */
export class Failure extends Error {}

/** Prints a result: as JSON (times are µs since the epoch) or as the text that `render` makes of it. */
export const print = <T>(json: boolean, value: T, render: (value: T) => string): void => {
  console.log(json ? JSON.stringify(value, null, 2) : render(value))
}

/** Progress of a command that takes a while, out of the way of its result. */
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`)
}
