// Incidents that are kept no longer: their last occurrence is too old, or none is left. What is pinned stays.
CYPHER 5
MATCH (incident:Incident)
WHERE incident.cluster = $cluster AND incident.lastAt < $cut
  AND (incident.lastAt < $incidentsCut OR incident.superseded)
  AND NOT EXISTS { (incident)-[:OCCURRED]->(occurrence:Occurrence) WHERE occurrence.pinned }
RETURN incident.id AS id ORDER BY incident.cluster, incident.lastAt LIMIT $limit
