// (occurrence)-[:CONCLUDED]->(verdict): every verdict on an occurrence, the oldest first.
CYPHER 5
UNWIND $ids AS id
MATCH (occurrence:Occurrence {id: id})
CALL (occurrence) {
  MATCH (occurrence)-[:CONCLUDED]->(verdict:Verdict)
  RETURN verdict ORDER BY verdict.number LIMIT 100
}
RETURN id, verdict {.*} AS verdict
