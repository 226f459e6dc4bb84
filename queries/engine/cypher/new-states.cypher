// States that arrived since, in the order of arrival: they may change what was so at an anchor's time. With what the object's state
// before declared; null where it is the first.
CYPHER 5
UNWIND $lanes AS lane
CALL (lane) {
  MATCH (state:State)
  WHERE state.lane = lane.key AND state.arrival > lane.after AND state.arrival <= lane.upTo
  RETURN state ORDER BY state.lane, state.arrival LIMIT $limit
}
OPTIONAL CALL (state) {
  MATCH (before:State)
  WHERE before.key = state.key AND before.at < state.at AND before.stale IS NULL
  RETURN before ORDER BY before.key DESC, before.at DESC LIMIT 1
}
RETURN state.lane AS lane, state.arrival AS arrival, state.key AS key, state.at - state.uncertainty AS at,
  state.relations AS relations, coalesce(state.deleted, false) AS deleted, before.relations AS before
