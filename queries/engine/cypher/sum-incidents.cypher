// What an incident says of all its occurrences; one that has none left is superseded.
CYPHER 5
UNWIND $ids AS id
MATCH (incident:Incident {id: id})
CALL (incident) {
  OPTIONAL MATCH (incident)-[:OCCURRED]->(occurrence:Occurrence)
  RETURN count(occurrence) AS count, min(occurrence.at) AS firstAt, max(occurrence.at) AS lastAt,
    all(status IN collect(occurrence.status) WHERE status = 'final') AS final
}
CALL (incident, lastAt) {
  OPTIONAL MATCH (incident)-[:OCCURRED]->(last:Occurrence {at: lastAt})
  RETURN last ORDER BY last.id DESC LIMIT 1
}
SET incident.count = count,
  incident.firstAt = coalesce(firstAt, incident.firstAt), incident.lastAt = coalesce(lastAt, incident.lastAt),
  incident.status = CASE WHEN final THEN 'final' ELSE 'provisional' END,
  incident.outcome = coalesce(last.outcome, incident.outcome),
  incident.confidence = coalesce(last.confidence, incident.confidence),
  incident.superseded = CASE WHEN count = 0 THEN true ELSE null END,
  incident.updatedAt = $now
