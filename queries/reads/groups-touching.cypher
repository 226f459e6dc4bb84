// What was concluded of occurrences in [$from, $to) that affect an object, as known at $known. The newest verdict may say so,
// (occurrence)-[:AFFECTS]->(object), or an earlier one may have, (occurrence)-[:AFFECTED]->(object). A row for each cause on one
// container of a workload and what came of it, with its newest occurrence, and its incident once one of them is of it.
CYPHER 5
UNWIND $keys AS key
CALL (key) {
  MATCH (occurrence:Occurrence)-[affects:AFFECTS]->()
  USING INDEX SEEK affects:AFFECTS(toKey, at)
  WHERE affects.toKey = key AND affects.at >= $from AND affects.at < $to
  WITH affects, occurrence ORDER BY affects.toKey DESC, affects.at DESC LIMIT $most
  RETURN collect(occurrence) AS found
  UNION ALL
  MATCH (occurrence:Occurrence)-[affected:AFFECTED]->()
  USING INDEX SEEK affected:AFFECTED(toKey, at)
  WHERE affected.toKey = key AND affected.at >= $from AND affected.at < $to
  WITH affected, occurrence ORDER BY affected.toKey DESC, affected.at DESC LIMIT $most
  RETURN collect(occurrence) AS found
}
UNWIND found AS occurrence
WITH occurrence, collect(key) AS keys, max(size(found)) AS looked
CALL (occurrence, keys) {
  MATCH (occurrence)-[:CONCLUDED]->(verdict:Verdict)
  WHERE verdict.recordedAt <= $known
  WITH verdict, keys ORDER BY verdict.number DESC LIMIT 1
  WHERE verdict.result <> 'silence' AND any(key IN keys WHERE verdict.affected CONTAINS '"' + key + '"')
  RETURN verdict.result AS result, verdict.status = 'waiting' AS waits
}
WITH occurrence, result, waits, looked ORDER BY occurrence.at DESC, occurrence.id
WITH occurrence.pattern AS pattern, occurrence.workloadKey AS workloadKey, occurrence.containerName AS containerName,
  occurrence.cause AS cause, result, head(collect(occurrence.id)) AS id, max(occurrence.at) AS at, count(*) AS count,
  count(CASE WHEN waits THEN 1 END) AS waiting, max(looked) AS looked,
  head(collect(CASE WHEN result = 'incident' AND NOT waits THEN occurrence.incidentId END)) AS incidentId
ORDER BY incidentId IS NULL, at DESC, id LIMIT $limit
OPTIONAL MATCH (incident:Incident {id: incidentId})
RETURN id, at, result, count, waiting, incident {.*} AS incident, looked >= $most AS cut ORDER BY at DESC, id
