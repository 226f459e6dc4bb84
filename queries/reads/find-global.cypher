// Objects of a kind without namespaces by name, with the newest state of each at $at as known at $known.
CYPHER 5
MATCH (object:__Kind__ {cluster: $cluster, name: $name})
WITH object LIMIT 100
OPTIONAL CALL (object) {
  MATCH (state:State)
  WHERE state.key = object.key AND state.at <= $at AND state.stale IS NULL AND state.recordedAt <= $known
  RETURN state ORDER BY state.key DESC, state.at DESC, state.version DESC LIMIT 1
}
RETURN object {.*} AS object, state {.*} AS state
