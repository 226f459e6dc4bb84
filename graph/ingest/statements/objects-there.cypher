// What is known of objects already: those of which nothing is new need no write.
CYPHER 5
UNWIND $keys AS key
MATCH (object:Object {key: key})
RETURN object.key AS key, object.name AS name, object.namespace AS namespace, object.workloadKind AS workloadKind,
  object.named AS named, object.missing AS missing
