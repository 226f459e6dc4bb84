// All objects of a cluster.
CYPHER 5
MATCH (object:Object {cluster: $cluster})
RETURN object.key AS key LIMIT $limit
