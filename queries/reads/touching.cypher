// Occurrences in [$from, $to) that affect an object: (occurrence)-[:AFFECTS]->(object), with their incident if there is one.
CYPHER 5
UNWIND $keys AS key
MATCH (occurrence:Occurrence)-[affects:AFFECTS]->()
USING INDEX SEEK affects:AFFECTS(toKey, at)
WHERE affects.toKey = key AND affects.at >= $from AND affects.at < $to
WITH DISTINCT occurrence ORDER BY occurrence.at DESC, occurrence.id LIMIT $limit
OPTIONAL MATCH (incident:Incident)-[:OCCURRED]->(occurrence)
RETURN occurrence {.*, until: coalesce(occurrence.until, occurrence.at)} AS occurrence, incident {.*} AS incident
