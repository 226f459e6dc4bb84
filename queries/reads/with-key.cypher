// The object with a key if it is of a kind, with its newest state at $at as known at $known.
CYPHER 5
MATCH (object:Object {key: $key})
WHERE object.kind = $kind
OPTIONAL CALL (object) {
  MATCH (state:State)
  WHERE state.key = object.key AND state.at <= $at AND state.stale IS NULL AND state.recordedAt <= $known
  RETURN state ORDER BY state.key DESC, state.at DESC, state.version DESC LIMIT 1
}
RETURN object {.*} AS object, state {.*} AS state
