// Objects of a namespaced kind by name, with the newest state of each at $at as known at $known.
CYPHER 5
MATCH (object:__Kind__ {cluster: $cluster, namespace: $namespace, name: $name})
WHERE $workloadKind IS NULL OR toLower(object.workloadKind) = toLower($workloadKind)
WITH object LIMIT 100
OPTIONAL CALL (object) {
  MATCH (state:State)
  WHERE state.key = object.key AND state.at <= $at AND state.stale IS NULL AND state.recordedAt <= $known
  RETURN state ORDER BY state.key DESC, state.at DESC, state.version DESC LIMIT 1
}
RETURN object {.*} AS object, state {.*} AS state
