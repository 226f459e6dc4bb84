// (cause)-[:CAUSED]->(event)-[:CAUSED]->(effect), by the newest verdicts.
CYPHER 5
UNWIND $ids AS id
MATCH (event:Event {id: id})
CALL (event) {
  MATCH (other:Event)-[caused:CAUSED]->(event) RETURN 'causes' AS side, caused, other LIMIT 50
  UNION ALL
  MATCH (event)-[caused:CAUSED]->(other:Event) RETURN 'effects' AS side, caused, other LIMIT 50
}
RETURN id, side, caused {.joinKey, .resolver, .lag, .confidence} AS hop, other {.*} AS event
