// Which of other clusters have an object of a kind without namespaces by this name.
CYPHER 5
UNWIND $clusters AS other
CALL (other) {
  MATCH (object:__Kind__ {cluster: other, name: $name})
  RETURN object LIMIT 1
}
RETURN object.cluster AS cluster
