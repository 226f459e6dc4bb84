// How often an incident occurred before $at, and since when.
CYPHER 5
MATCH (incident:Incident {id: $incident})-[:OCCURRED]->(occurrence:Occurrence)
WHERE occurrence.at < $at
RETURN count(occurrence) AS count, min(occurrence.at) AS since
