/** Programs that write generated files, or with `--check` fail where one differs; in this order, since the second reads what the first writes. */
import { join } from 'node:path'
import { root } from './config.ts'

export const generators = ['graph/model/generate/main.ts', 'queries/engine/generate/main.ts'].map((path) =>
  join(root, path),
)
