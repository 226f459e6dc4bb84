// Counting states before, between and after an object's new ones (reference: rule 3 of derive.ts).
CYPHER 5
UNWIND $rows AS row
CALL (row) {
  OPTIONAL MATCH (state:State)
  WHERE state.key = row.key AND state.at < row.min AND state.stale IS NULL
  RETURN state AS before ORDER BY state.key DESC, state.at DESC LIMIT 1
}
CALL (row) {
  OPTIONAL MATCH (state:State)
  WHERE state.key = row.key AND state.at > row.max AND state.version >= row.version AND state.stale IS NULL
  RETURN state AS after ORDER BY state.key, state.at LIMIT 1
}
CALL (row, after) {
  MATCH (state:State)
  WHERE state.key = row.key AND state.at >= row.min AND state.at < coalesce(after.at, $open) AND state.stale IS NULL
  RETURN collect(state {.id, .at, .version, .uncertainty, .relations}) AS between
}
WITH row, before, between, after WHERE before IS NOT NULL OR after IS NOT NULL OR size(between) > 0
RETURN row.key AS key, before {.id, .at, .version, .uncertainty, .relations} AS before, between,
  after {.id, .at, .version, .uncertainty, .relations} AS after
