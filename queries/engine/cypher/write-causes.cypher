// (event)-[:CAUSED {verdict, joinKey, resolver, lag, confidence}]->(event)
CYPHER 5
UNWIND $rows AS row
MATCH (cause:Event {id: row.fromId})
MATCH (effect:Event {id: row.toId})
CREATE (cause)-[:CAUSED {verdict: row.verdictId, joinKey: row.joinKey, resolver: row.resolver, lag: row.lag, confidence: row.confidence}]->(effect)
