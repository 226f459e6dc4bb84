// When an incident last touched any of the objects before $to, as known at $known: as the newest verdict says,
// (occurrence)-[:AFFECTS]->(object), or an earlier one said, (occurrence)-[:AFFECTED]->(object).
CYPHER 5
UNWIND $keys AS key
CALL (key) {
  MATCH (occurrence:Occurrence)-[affects:AFFECTS]->()
  USING INDEX SEEK affects:AFFECTS(toKey, at)
  WHERE affects.toKey = key AND affects.at < $to
  CALL (occurrence, key) {
    MATCH (occurrence)-[:CONCLUDED]->(verdict:Verdict)
    WHERE verdict.recordedAt <= $known
    WITH verdict, key ORDER BY verdict.number DESC LIMIT 1
    WHERE verdict.result = 'incident' AND verdict.status <> 'waiting' AND verdict.affected CONTAINS '"' + key + '"'
    RETURN verdict
  }
  RETURN affects.at AS at ORDER BY affects.toKey DESC, affects.at DESC LIMIT 1
  UNION ALL
  MATCH (occurrence:Occurrence)-[affected:AFFECTED]->()
  USING INDEX SEEK affected:AFFECTED(toKey, at)
  WHERE affected.toKey = key AND affected.at < $to
  CALL (occurrence, key) {
    MATCH (occurrence)-[:CONCLUDED]->(verdict:Verdict)
    WHERE verdict.recordedAt <= $known
    WITH verdict, key ORDER BY verdict.number DESC LIMIT 1
    WHERE verdict.result = 'incident' AND verdict.status <> 'waiting' AND verdict.affected CONTAINS '"' + key + '"'
    RETURN verdict
  }
  RETURN affected.at AS at ORDER BY affected.toKey DESC, affected.at DESC LIMIT 1
}
RETURN max(at) AS at
