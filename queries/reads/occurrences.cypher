// (incident)-[:OCCURRED]->(occurrence): a page of each incident's occurrences, the latest first.
CYPHER 5
UNWIND $incidents AS id
MATCH (incident:Incident {id: id})
CALL (incident) {
  MATCH (incident)-[:OCCURRED]->(occurrence:Occurrence)
  WHERE occurrence.at >= $from AND occurrence.at <= $afterAt AND (occurrence.at < $afterAt OR occurrence.id > $afterId)
  RETURN occurrence ORDER BY occurrence.at DESC, occurrence.id LIMIT $limit
}
RETURN id, occurrence {.*, until: coalesce(occurrence.until, occurrence.at)} AS occurrence
