// With what a Container's own claims left of it.
CYPHER 5
UNWIND $ids AS id
MATCH (object:Object {key: id})
CALL (object) {
  MATCH (state:State) WHERE state.key = object.key AND state.at IS NOT NULL
  DELETE state
}
DELETE object
