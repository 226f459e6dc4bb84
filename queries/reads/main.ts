/** Everything that can be asked of the graph. Each read is a `.cypher` file with its typed function; none writes. */
export { isOfCase } from '../../graph/model/cluster-name.ts'
export { pascalCase } from '../../graph/model/generate/names.ts'
export { fromRfc3339, MINUTE, now, OPEN, SECOND, toRfc3339 } from '../../graph/model/time.ts'
export { caused } from './caused.ts'
export { type Change, type Changes, changes } from './changes.ts'
export { contexts } from './contexts.ts'
export { events, eventsById } from './events.ts'
export { type Events, eventsOf } from './events-of.ts'
export { family } from './family.ts'
export { find, isKind, nearest } from './find.ts'
export { doubtText, type Ground } from './ground.ts'
export { headline, mainImpact, mayStillLose } from './headline.ts'
export {
  type Incident,
  type IncidentFilter,
  incidentCounts,
  incidentNamed,
  incidents,
  incidentsById,
  type Page,
} from './incidents.ts'
export { readLanes, settledKnown } from './lanes.ts'
export type { Link } from './links.ts'
export { objects } from './objects.ts'
export {
  type OccurrenceDetail,
  type Owner,
  occurrenceDetails,
  occurrences,
  type Verdict,
  verdicts,
} from './occurrences.ts'
export { type OwnerChain, ownerChain } from './owner-chain.ts'
export { owners } from './owners.ts'
export { type PatternWork, patternWork } from './patterns.ts'
export { InvalidRequest, KNOWN_NOW, type Reader } from './read.ts'
export { recordIncident, recordWindow } from './record.ts'
export { dependencies, dependents, type Reliance } from './reliance.ts'
export { removedUntil } from './remains.ts'
export { type GraphSize, graphSize } from './size.ts'
export { type ClusterHeard, clusterNow, clusters, type Source, sources, unwatched } from './sources.ts'
export { statesInForce } from './states.ts'
export { kindOf, type StoredEvent, type StoredObject } from './stored.ts'
export {
  type AsOfQuestion,
  LOOK_BACK,
  NotFound,
  type NotThere,
  nameOf,
  notThereText,
  standingOf,
  unheardText,
  unknownKindText,
} from './subject.ts'
export { sizeOf, type Topology, topologyAround, topologyOfNamespace } from './topology.ts'
export { bytes, many, span } from './units.ts'
export { warmUpReads } from './warm-up.ts'
export { whenText } from './when.ts'
export { type AddressHolders, whoHad } from './who-had.ts'
export { type Answer, type IncidentAnswer, type Question, why } from './why.ts'
export { summaryOf, titleOf } from './words.ts'
export { type WorkloadView, workload } from './workload.ts'
