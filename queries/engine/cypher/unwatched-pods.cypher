// Pods of which no state tells: they are left out of what is watched, and of those that once were the last state says so.
CYPHER 5
UNWIND $rows AS row
OPTIONAL CALL (row) {
  MATCH (state:State)
  WHERE state.key = row.podKey AND state.at <= row.at AND state.stale IS NULL AND state.recordedAt <= $known
  RETURN state ORDER BY state.key DESC, state.at DESC LIMIT 1
}
OPTIONAL CALL (row) {
  MATCH (later:State)
  WHERE later.key = row.podKey AND later.at > row.at AND later.stale IS NULL AND later.recordedAt <= $known
  RETURN later ORDER BY later.key, later.at LIMIT 1
}
WITH row, coalesce(state, later) AS told
WHERE told IS NULL OR told.leftOut
RETURN row.anchor AS anchor
