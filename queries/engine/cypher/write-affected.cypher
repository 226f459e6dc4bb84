// (occurrence)-[:AFFECTS {role, toKey, at, until, partialKey}]->(object): indexes find them by the object and the time, the begin or
// the end of its stamp, and those of an occurrence whose owner chain was not whole by the object alone.
CYPHER 5
UNWIND $rows AS row
MATCH (occurrence:Occurrence {id: row.id})
MATCH (object:Object {key: row.key})
CREATE (occurrence)-[affects:AFFECTS {role: row.role, toKey: row.key, at: occurrence.at, until: occurrence.until}]->(object)
SET affects.partialKey = CASE WHEN occurrence.whole = false THEN row.key END
