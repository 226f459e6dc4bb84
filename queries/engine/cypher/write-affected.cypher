// (occurrence)-[:AFFECTS {role}]->(object)
CYPHER 5
UNWIND $rows AS row
MATCH (occurrence:Occurrence {id: row.id})
MATCH (object:Object {key: row.key})
CREATE (occurrence)-[:AFFECTS {role: row.role}]->(object)
