// Occurrences in [$from, $to) that affect an object: (occurrence)-[:AFFECTS]->(object), with their incident if there is one.
CYPHER 5
UNWIND $keys AS key
MATCH (object:Object {key: key})<-[affects:AFFECTS]-(occurrence:Occurrence)
WHERE occurrence.at >= $from AND occurrence.at < $to
WITH DISTINCT occurrence ORDER BY occurrence.at DESC, occurrence.id LIMIT $limit
OPTIONAL MATCH (incident:Incident)-[:OCCURRED]->(occurrence)
RETURN occurrence {.*} AS occurrence, incident {.*} AS incident
