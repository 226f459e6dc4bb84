/** Everything that can be asked of the graph. Each read is a `.cypher` file with its typed function; none writes. */
export { pascalCase } from '../../graph/model/generate/names.ts'
export { fromRfc3339, MINUTE, now, OPEN, toRfc3339 } from '../../graph/model/time.ts'
export { caused } from './caused.ts'
export { contexts } from './contexts.ts'
export { events, eventsById } from './events.ts'
export { family } from './family.ts'
export { find, nearest } from './find.ts'
export { headline, mainImpact } from './headline.ts'
export {
  type Incident,
  type IncidentFilter,
  incidentByPrefix,
  incidents,
  incidentsById,
  type Page,
} from './incidents.ts'
export { readLanes, settledKnown } from './lanes.ts'
export { objects } from './objects.ts'
export { type OccurrenceDetail, occurrenceDetails, occurrences, type Verdict, verdicts } from './occurrences.ts'
export { owners } from './owners.ts'
export { type PatternWork, patternWork } from './patterns.ts'
export { InvalidRequest, KNOWN_NOW, type Reader } from './read.ts'
export { recordIncident, recordWindow } from './record.ts'
export { type GraphSize, graphSize } from './size.ts'
export { type ClusterHeard, clusterNow, clusters, type Source, sources, unwatched } from './sources.ts'
export { statesInForce } from './states.ts'
export { kindOf, type StoredEvent, type StoredObject } from './stored.ts'
export { bytes, many, span } from './units.ts'
export { type Answer, type IncidentAnswer, LOOK_BACK, type Question, why } from './why.ts'
export { summaryOf, titleOf } from './words.ts'
