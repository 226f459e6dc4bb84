/** queries/reads/generated/reach.cypher: one step to what an answer rests on, by the ends that relation kinds say they reach. */
import type { RelationKind } from '../define.ts'
import type { Output } from './main.ts'
import type { Model } from './model.ts'
import { GENERATED } from './names.ts'

/** Far ends that one step takes of an object and a direction: a Service has so many pods, a pod so few of all else. */
const MOST = 500

const holding = (name: string): string =>
  `WHERE ${name}.from < $to AND ${name}.to > $from AND ${name}.recordedFrom <= $known < ${name}.recordedTo`

const types = (relations: readonly RelationKind[], end: 'from' | 'to'): string =>
  relations
    .filter((kind) => kind.reaches.includes(end))
    .map((kind) => kind.name)
    .join('|')

export default ({ relations }: Model): Output[] => [
  {
    path: 'queries/reads/generated/reach.cypher',
    text: `// ${GENERATED}
// One step from objects to all that an answer about them may rest on, with who declared it.
CYPHER 5
UNWIND $keys AS key
MATCH (object:Object {key: key})
CALL (object) {
  MATCH (object)<-[up:${types(relations, 'from')} ${holding('up')}]-(other:Object)
  RETURN other, up.by AS by LIMIT ${MOST}
  UNION
  MATCH (object)-[out:${types(relations, 'to')} ${holding('out')}]->(other:Object)
  RETURN other, out.by AS by LIMIT ${MOST}
}
RETURN DISTINCT other.key AS other, by
`,
  },
]
