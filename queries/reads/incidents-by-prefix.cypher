// Incidents whose id begins so: people write its first digits.
CYPHER 5
MATCH (incident:Incident)
WHERE incident.id STARTS WITH $prefix
RETURN incident {.*} AS incident ORDER BY incident.id LIMIT 10
