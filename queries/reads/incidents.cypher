// A page of a cluster's incidents that occurred in [$from, $to), the latest first, after the position ($afterAt, $afterId): those of which
// nothing new is known since $asOf. Whether one did of which retention removed occurrences can't be told of a time before the horizon.
CYPHER 5
MATCH (incident:Incident {cluster: $cluster})
WHERE incident.lastAt >= $from AND incident.lastAt <= $afterAt AND incident.firstAt < $to
  AND (incident.lastAt < $afterAt OR incident.id > $afterId)
  AND incident.updatedAt <= $asOf
  AND (incident.firstAt >= $from OR incident.lastAt < $to
    OR EXISTS { (incident)-[:OCCURRED]->(occurrence:Occurrence) WHERE occurrence.at >= $from AND occurrence.at < $to }
    OR incident.removed > 0 AND EXISTS { MATCH (horizon:Horizon {cluster: $cluster}) WHERE horizon.at > $from })
  AND coalesce(incident.superseded, false) = false
  AND ($namespace IS NULL OR incident.namespace = $namespace)
  AND ($workload IS NULL OR incident.workloadName = $workload)
  AND ($workloadKind IS NULL OR toLower(incident.workloadKind) = toLower($workloadKind))
  AND ($pattern IS NULL OR incident.pattern = $pattern)
  AND ($status IS NULL OR incident.status = $status)
RETURN incident {.*} AS incident, incident.lastAt AS place ORDER BY incident.lastAt DESC, incident.id LIMIT $limit
