// Names of a namespaced kind to compare a wrong name with: those of the namespace, and the same name in others.
CYPHER 5
CALL () {
  MATCH (object:__Kind__ {cluster: $cluster, namespace: $namespace})
  WHERE object.name IS NOT NULL
  RETURN object LIMIT 2000
  UNION
  MATCH (object:__Kind__)
  WHERE object.cluster = $cluster AND object.namespace IS NOT NULL AND object.name = $name
  RETURN object LIMIT 20
}
RETURN DISTINCT object.name AS name, object.namespace AS namespace, coalesce(object.workloadKind, object.kind) AS kind
