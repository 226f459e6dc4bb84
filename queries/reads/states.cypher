// The states of objects from the one in force at $from up to $to, as known at $known: oldest first. Of too many the newest.
CYPHER 5
UNWIND $keys AS key
CALL (key) {
  CALL (key) {
    MATCH (state:State)
    WHERE state.key = key AND state.at <= $from AND state.stale IS NULL AND state.recordedAt <= $known
    RETURN state ORDER BY state.key DESC, state.at DESC, state.version DESC LIMIT 1
    UNION ALL
    MATCH (state:State)
    WHERE state.key = key AND state.at > $from AND state.at <= $to AND state.stale IS NULL AND state.recordedAt <= $known
    RETURN state ORDER BY state.key DESC, state.at DESC LIMIT $limit
  }
  RETURN state
}
RETURN state {.*} AS state ORDER BY state.key, state.at, state.version
