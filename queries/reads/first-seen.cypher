// The oldest state of each object.
CYPHER 5
UNWIND $keys AS key
CALL (key) {
  MATCH (state:State) WHERE state.key = key AND state.at > 0
  RETURN state ORDER BY state.key, state.at LIMIT 1
}
RETURN key, state.at - state.uncertainty AS at
