/** `aitia schema apply|show`: constraints and indexes of the graph. */
import { withStore } from '../open.ts'
import { print } from '../output.ts'

export const schemaApply = async (options: { readonly json?: true }): Promise<void> => {
  const { applySchema, showSchema } = await import('../../../graph/store/main.ts')
  const report = await withStore(async (store) => {
    await applySchema(store)
    return showSchema(store)
  })
  print(options.json === true, report, ({ applied }) => `schema ${applied}: all constraints and indexes are there`)
}

export const schemaShow = async (options: { readonly json?: true }): Promise<void> => {
  const { showSchema } = await import('../../../graph/store/main.ts')
  const report = await withStore(showSchema)
  print(options.json === true, report, ({ wanted, applied, missing, notOnline, statements }) =>
    [
      ...statements.map((statement) => `${statement};`),
      `// this program knows schema ${wanted}; the graph has ${applied ?? 'none'}`,
      ...(missing.length > 0 ? [`// missing: ${missing.join(', ')}. Make them: aitia schema apply`] : []),
      ...(notOnline.length > 0 ? [`// not online: ${notOnline.join(', ')}`] : []),
    ].join('\n'),
  )
}
