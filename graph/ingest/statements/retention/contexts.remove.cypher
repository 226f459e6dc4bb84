CYPHER 5
UNWIND $ids AS id
MATCH (context:Context {key: id})
DELETE context
