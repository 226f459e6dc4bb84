CYPHER 5
UNWIND $keys AS key
MATCH (context:Context {key: key})
RETURN key, context.json AS json
