// Incidents by their ids.
CYPHER 5
UNWIND $ids AS id
MATCH (incident:Incident {id: id})
RETURN incident {.*} AS incident
