// Of a kept incident the first occurrence, the last one and those that are pinned stay; of no incident, none.
CYPHER 5
MATCH (occurrence:Occurrence)
WHERE occurrence.cluster = $cluster AND occurrence.at >= $after AND occurrence.at < $cut AND occurrence.pinned IS NULL
  AND NOT EXISTS {
    MATCH (occurrence)<-[:OCCURRED]-(incident:Incident)
    WHERE occurrence.at <= incident.firstAt OR occurrence.at >= incident.lastAt
  }
RETURN occurrence.id AS id, occurrence.at AS position ORDER BY occurrence.cluster, occurrence.at LIMIT $limit
