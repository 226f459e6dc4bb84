// How often an incident occurred before $at, and since when. What retention removed came after the first.
CYPHER 5
MATCH (incident:Incident {id: $incident})
OPTIONAL MATCH (incident)-[:OCCURRED]->(occurrence:Occurrence)
WHERE occurrence.at < $at
WITH incident, count(occurrence) AS left, min(occurrence.at) AS since
RETURN CASE WHEN left > 0 THEN left + coalesce(incident.removed, 0) ELSE 0 END AS count, since
