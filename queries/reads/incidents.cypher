// A page of a cluster's incidents that touch [$from, $to), the latest first, after the position ($afterAt, $afterId).
CYPHER 5
MATCH (incident:Incident {cluster: $cluster})
WHERE incident.lastAt >= $from AND incident.lastAt <= $afterAt AND incident.firstAt < $to
  AND (incident.lastAt < $afterAt OR incident.id > $afterId)
  AND coalesce(incident.superseded, false) = false
  AND ($namespace IS NULL OR incident.namespace = $namespace)
  AND ($workload IS NULL OR incident.workloadName = $workload)
  AND ($workloadKind IS NULL OR toLower(incident.workloadKind) = toLower($workloadKind))
  AND ($pattern IS NULL OR incident.pattern = $pattern)
  AND ($status IS NULL OR incident.status = $status)
RETURN incident {.*} AS incident ORDER BY incident.lastAt DESC, incident.id LIMIT $limit
