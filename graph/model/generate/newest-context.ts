/** queries/reads/generated/newest-context.cypher: the context that the newest event of a pod named, of the kinds that attribution adds one to. */
import { attributed, type Model } from './model.ts'
import { GENERATED } from './names.ts'
import type { Output } from './outputs.ts'

const newest = (label: string): string => `  MATCH (event:${label})
  WHERE event.podKey = key AND event.at <= $at AND event.recordedAt <= $known AND event.contextKey IS NOT NULL
  RETURN event.at AS at, event.contextKey AS contextKey ORDER BY event.podKey DESC, event.at DESC LIMIT 1`

export default (model: Model): Output[] => [
  {
    path: 'queries/reads/generated/newest-context.cypher',
    text: `// ${GENERATED}
// (event)-[contextKey]->(context): of each pod's events up to $at, as known at $known, the context of the newest.
CYPHER 5
UNWIND $keys AS key
CALL (key) {
${attributed(model).map(newest).join('\n  UNION ALL\n')}
}
WITH key, at, contextKey ORDER BY at DESC, contextKey
WITH key, collect(contextKey)[0] AS contextKey
MATCH (context:Context {key: contextKey})
RETURN key, context.json AS json
`,
  },
]
