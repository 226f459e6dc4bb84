// Objects of which a state is known that was there at the anchor's time, or may have been: the first one reaches back.
CYPHER 5
UNWIND $rows AS row
CALL (row) {
  MATCH (state:State)
  WHERE state.key = row.key AND state.at IS NOT NULL AND state.stale IS NULL AND state.recordedAt <= $known
  RETURN state ORDER BY state.key, state.at LIMIT 1
}
WITH row, state WHERE state.at - state.uncertainty <= row.at
RETURN DISTINCT row.key AS key, row.at AS at
