// The others of such a page, of which something new is known since $asOf: each in the place that it had then.
CYPHER 5
MATCH (incident:Incident {cluster: $cluster})
WHERE incident.lastAt >= $from AND incident.firstAt < $to AND incident.updatedAt > $asOf
  AND (incident.firstAt >= $from OR incident.lastAt < $to
    OR EXISTS { (incident)-[:OCCURRED]->(occurrence:Occurrence) WHERE occurrence.at >= $from AND occurrence.at < $to }
    OR incident.removed > 0 AND EXISTS { MATCH (horizon:Horizon {cluster: $cluster}) WHERE horizon.at > $from })
  AND coalesce(incident.superseded, false) = false
  AND ($namespace IS NULL OR incident.namespace = $namespace)
  AND ($workload IS NULL OR incident.workloadName = $workload)
  AND ($workloadKind IS NULL OR toLower(incident.workloadKind) = toLower($workloadKind))
  AND ($pattern IS NULL OR incident.pattern = $pattern)
  AND ($status IS NULL OR incident.status = $status)
CALL (incident) {
  MATCH (incident)-[:OCCURRED]->(occurrence:Occurrence)
  WHERE EXISTS {
    (occurrence)-[:CONCLUDED]->(verdict:Verdict)
    WHERE verdict.recordedAt <= $asOf AND verdict.result = 'incident' AND verdict.status <> 'waiting'
  }
  RETURN max(occurrence.at) AS place
}
WITH incident, place
WHERE place >= $from AND place <= $afterAt AND (place < $afterAt OR incident.id > $afterId)
RETURN incident {.*} AS incident, place ORDER BY place DESC, incident.id LIMIT $limit
