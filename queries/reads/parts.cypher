// One step from objects to what they consist of in [$from, $to) as known at $known: (object)-[:OWNS|RUNS]->(part).
CYPHER 5
UNWIND $rows AS row
CALL (row) {
  MATCH (object:Object {key: row.key})-[edge:OWNS WHERE edge.from < $to AND edge.to > $from AND edge.recordedFrom <= $known AND $known < edge.recordedTo]->(other:Object)
  USING INDEX SEEK object:Object(key)
  RETURN 0 AS branch, edge, other LIMIT $limit
  UNION ALL
  MATCH (object:Object {key: row.key})-[edge:RUNS WHERE edge.from < $to AND edge.recordedFrom <= $known AND $known < edge.recordedTo]->(other:Object)
  USING INDEX SEEK object:Object(key)
  RETURN 1 AS branch, edge, other ORDER BY edge.from DESC LIMIT $limit
}
RETURN row.key AS key, branch, type(edge) AS kind, properties(edge) AS edge, other {.*} AS other
