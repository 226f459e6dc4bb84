// An occurrence belongs to the incident that its newest verdict names, and to no other.
CYPHER 5
UNWIND $rows AS row
MATCH (incident:Incident)-[occurred:OCCURRED]->(:Occurrence {id: row.id})
WHERE row.incidentId IS NULL OR incident.id <> row.incidentId
WITH incident, incident.id AS id, occurred
DELETE occurred
RETURN DISTINCT id
