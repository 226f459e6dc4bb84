// (incident)-[:OCCURRED]->(occurrence)
CYPHER 5
UNWIND $rows AS row
MATCH (occurrence:Occurrence {id: row.id})
MERGE (incident:Incident {id: row.incidentId})
SET incident += row.incident
MERGE (incident)-[:OCCURRED]->(occurrence)
