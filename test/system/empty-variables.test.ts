/** A variable that is set to nothing, as `docker compose` hands on what its caller has not set, counts as not set. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '../..')
/** All that reads the environment, and the variables that it names. */
const files = globSync('{agent,api,deploy,graph,queries}/**/config.ts', { cwd: root }).sort()
const text = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n')
const names = new Set(
  [...text.matchAll(/\bAITIA_[A-Z0-9_]+\b|(?<=\b(?:environment|env)\.)[A-Z_]+\b/g)].map(([name]) => name),
)

const given = process.env
afterEach(() => {
  process.env = given
})

const called = async (work: () => unknown): Promise<unknown> => {
  try {
    return await work()
  } catch (error) {
    return (error as Error).message
  }
}

/** What a config.ts says under an environment: its values, and what its functions give or throw. */
const saidBy = async (file: string, environment: NodeJS.ProcessEnv, turn: number): Promise<object> => {
  process.env = environment
  const module = (await import(`${pathToFileURL(join(root, file)).href}?turn=${turn}`)) as Record<string, unknown>
  const said: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(module))
    if (value !== process.env) said[name] = typeof value === 'function' ? await called(() => value()) : value
  return said
}

test('an empty variable is as good as one that is not set, wherever the environment is read', async () => {
  assert.ok(names.has('AITIA_API_HOST') && names.has('KUBECONFIG'), [...names].join())
  const none = Object.fromEntries(Object.entries(given).filter(([name]) => !names.has(name)))
  const empty = Object.fromEntries([...names].map((name) => [name, '']))
  // One that is asked for the user of a Neo4j that is named.
  const named = { AITIA_NEO4J_URI: 'bolt://127.0.0.1:7687' }
  let turn = 0
  for (const more of [{}, named])
    for (const file of files)
      assert.deepEqual(
        await saidBy(file, { ...none, ...empty, ...more }, ++turn),
        await saidBy(file, { ...none, ...more }, ++turn),
        file,
      )
})
