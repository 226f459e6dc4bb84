// What an incident says of all its occurrences, those that retention removed counted; one that has none left is superseded. Each question is a seek, or a degree: a loop
// of crashes makes thousands of occurrences, and each verdict sums its incident up.
CYPHER 5
UNWIND $ids AS id
MATCH (incident:Incident {id: id})
CALL (id) {
  OPTIONAL MATCH (first:Occurrence {incidentId: id}) WHERE first.at >= 0
  RETURN first ORDER BY first.incidentId, first.at LIMIT 1
}
CALL (id) {
  OPTIONAL MATCH (newest:Occurrence {incidentId: id}) WHERE newest.at >= 0
  RETURN newest.at AS lastAt ORDER BY newest.incidentId DESC, newest.at DESC LIMIT 1
}
CALL (id, lastAt) {
  OPTIONAL MATCH (last:Occurrence {incidentId: id, at: lastAt})
  RETURN last ORDER BY last.id DESC LIMIT 1
}
WITH incident, id, first, last, COUNT { (incident)-[:OCCURRED]->() } AS count
SET incident.count = count + coalesce(incident.removed, 0),
  incident.firstAt = coalesce(first.at, incident.firstAt), incident.lastAt = coalesce(last.at, incident.lastAt),
  incident.status = CASE WHEN EXISTS { (:Occurrence {unfinishedIn: id}) } THEN 'provisional' ELSE 'final' END,
  incident.outcome = coalesce(last.outcome, incident.outcome),
  incident.confidence = coalesce(last.confidence, incident.confidence),
  incident.superseded = CASE WHEN count = 0 THEN true ELSE null END,
  incident.updatedAt = $now
