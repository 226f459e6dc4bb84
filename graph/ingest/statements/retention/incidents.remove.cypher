// Its occurrences are then of no incident.
CYPHER 5
UNWIND $ids AS id
MATCH (incident:Incident {id: id})
DETACH DELETE incident
