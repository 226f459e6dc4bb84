// When an incident last touched any of the objects before $to, as known at $known: (occurrence)-[:AFFECTS]->(object).
CYPHER 5
UNWIND $keys AS key
CALL (key) {
  MATCH (object:Object {key: key})<-[affects:AFFECTS]-(occurrence:Occurrence)
  WHERE occurrence.at < $to
  CALL (occurrence, key) {
    MATCH (occurrence)-[:CONCLUDED]->(verdict:Verdict)
    WHERE verdict.recordedAt <= $known
    WITH verdict, key ORDER BY verdict.number DESC LIMIT 1
    WHERE verdict.result = 'incident' AND verdict.status <> 'waiting' AND verdict.affected CONTAINS '"' + key + '"'
    RETURN verdict
  }
  RETURN occurrence.at AS at ORDER BY occurrence.at DESC LIMIT 1
}
RETURN max(at) AS at
