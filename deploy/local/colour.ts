/** Colours, on a terminal only. */
import { styleText } from 'node:util'

const paint = (style: 'dim' | 'red' | 'green' | 'yellow') => (text: string) =>
  process.stdout.isTTY ? styleText(style, text) : text

export const dim = paint('dim')
export const red = paint('red')
export const green = paint('green')
export const yellow = paint('yellow')
