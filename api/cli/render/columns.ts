/** Text in columns: sentences in lines that read well, rows as wide as the terminal. */
import { terminalWidth } from '../config.ts'

/** Width of lines that are wrapped: what reads well, less on a narrow terminal. */
export const WIDTH = Math.min(100, terminalWidth ?? 100)

/** Room for what can't be wrapped, such as a row: what is longer is cut. In a file or a pipe there is no end to it. */
export const ROOM = terminalWidth ?? Number.POSITIVE_INFINITY

/** Rows with each column as wide as its widest cell; the last one is as long as it is. */
export const columns = (rows: readonly (readonly string[])[], gap = 2): string[] => {
  const widths = rows.reduce<number[]>((most, row) => {
    row.forEach((cell, index) => {
      most[index] = Math.max(most[index] ?? 0, cell.length)
    })
    return most
  }, [])
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index]! + gap)))
      .join('')
      .trimEnd(),
  )
}

/** Parts put side by side until a line is full; each line starts with `indent` spaces, but the first. */
export const flow = (parts: readonly string[], indent: number, separator = '     '): string => {
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    if (last !== undefined && indent + last.length + separator.length + part.length <= WIDTH)
      lines[lines.length - 1] = last + separator + part
    else lines.push(part)
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}

/** Words of a sentence in lines of at most WIDTH; lines after the first start with `indent` spaces. */
export const wrap = (text: string, indent = 0): string => flow(text.split(' '), indent, ' ')

/** Cuts a text that is longer than `length`, and shows that it did. */
export const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`

/** Characters of a foreign message that a line shows. */
const MESSAGE = 300

/** A message of several lines on one. */
export const oneLine = (text: string): string => cut(text.trim().replace(/\s*\n\s*/g, ' '), MESSAGE)

/** Width of the labels below an answer, with their indent. */
export const LABEL = 14

/** One line below an answer with what it is about in front. */
export const label = (name: string, text: string): string => `  ${name.padEnd(LABEL - 2)}${text}`

/** Parts side by side below one label; nothing where there are none. */
export const listed = (name: string, parts: readonly string[]): string[] =>
  parts.length === 0 ? [] : [label(name, flow(parts, LABEL))]

/** Sentences below one label, each on a line of its own. */
export const labelled = (name: string, texts: readonly string[]): string[] =>
  texts.map((text, index) => label(index === 0 ? name : '', wrap(text, LABEL)))
