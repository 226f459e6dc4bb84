// Occurrences of a pattern with their newest verdict, their incident and what they affect.
CYPHER 5
MATCH (occurrence:Occurrence) WHERE occurrence.scope = $scope AND occurrence.at IS NOT NULL
MATCH (verdict:Verdict {id: occurrence.verdictId})
OPTIONAL MATCH (incident:Incident)-[:OCCURRED]->(occurrence)
CALL (occurrence) {
  OPTIONAL MATCH (occurrence)-[affects:AFFECTS]->(object:Object)
  RETURN collect(affects.role + ': ' + coalesce(object.workloadKind, object.kind) + '/' + coalesce(object.name, object.uid)) AS affected
}
RETURN occurrence {.*} AS occurrence, verdict {.*} AS verdict, incident {.*} AS incident, affected
ORDER BY occurrence.at, occurrence.id
