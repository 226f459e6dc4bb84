// What an earlier verdict affected and the newest does not is kept, (occurrence)-[:AFFECTED {toKey, at}]->(object): who asks what was
// known then finds the occurrence by it.
CYPHER 5
UNWIND $rows AS row
MATCH (occurrence:Occurrence {id: row.id})-[affects:AFFECTS]->(object)
CALL (row, occurrence, affects, object) {
  WITH row, occurrence, affects, object WHERE NOT affects.toKey IN row.keys
  MERGE (occurrence)-[:AFFECTED {toKey: affects.toKey, at: affects.at}]->(object)
}
DELETE affects
