// Names of a kind without namespaces to compare a wrong name with.
CYPHER 5
MATCH (object:__Kind__ {cluster: $cluster})
WHERE object.name IS NOT NULL
RETURN DISTINCT object.name AS name, null AS namespace, object.kind AS kind LIMIT 2000
