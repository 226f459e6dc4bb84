// Pods of which no state tells: they are left out of what is watched, and of those that once were the last state says so. And since
// when a pod may have been gone: the newest state of one that is gone says it.
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
OPTIONAL CALL (row) {
  MATCH (newest:State)
  WHERE newest.key = row.podKey AND newest.at IS NOT NULL AND newest.stale IS NULL AND newest.recordedAt <= $known
  RETURN newest ORDER BY newest.key DESC, newest.at DESC, newest.version DESC LIMIT 1
}
WITH row, coalesce(state, later) AS told, CASE WHEN newest.deleted THEN newest.at - newest.uncertainty END AS goneFrom
RETURN row.anchor AS anchor, told IS NULL OR coalesce(told.leftOut, false) AS leftOut, goneFrom
