// Objects of one kind in a namespace that were there at $at as known at $known.
CYPHER 5
MATCH (object:__Kind__ {cluster: $cluster, namespace: $namespace})
WHERE object.name IS NOT NULL
CALL (object) {
  MATCH (state:State)
  WHERE state.key = object.key AND state.at <= $at AND state.stale IS NULL AND state.recordedAt <= $known
  RETURN state ORDER BY state.key DESC, state.at DESC, state.version DESC LIMIT 1
}
WITH object, state WHERE coalesce(state.deleted, false) = false
RETURN object {.*} AS object ORDER BY object.name, object.key LIMIT $limit
