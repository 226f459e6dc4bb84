// Of a page of a cluster's objects, by key from $afterKey on and before $untilKey: those that were there at $from, as known at $known.
CYPHER 5
MATCH (object:Object) WHERE object.key > $afterKey AND object.key < $untilKey
WITH object.key AS key ORDER BY key LIMIT $limit
OPTIONAL CALL (key) {
  MATCH (state:State)
  WHERE state.key = key AND state.at <= $from AND state.stale IS NULL AND state.recordedAt <= $known
  RETURN state ORDER BY state.key DESC, state.at DESC, state.version DESC LIMIT 1
}
RETURN max(key) AS last, collect(CASE WHEN state IS NOT NULL AND NOT coalesce(state.deleted, false) THEN key END) AS keys
