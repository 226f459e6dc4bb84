// Which of other clusters have an object of a namespaced kind by this name.
CYPHER 5
UNWIND $clusters AS other
CALL (other) {
  MATCH (object:__Kind__ {cluster: other, namespace: $namespace, name: $name})
  WHERE $workloadKind IS NULL OR toLower(object.workloadKind) = toLower($workloadKind)
  RETURN object LIMIT 1
}
RETURN object.cluster AS cluster
