// Objects by their keys.
CYPHER 5
UNWIND $keys AS key
MATCH (object:Object {key: key})
RETURN object {.*} AS object
