// Once another state denies one, it never counts again.
CYPHER 5
UNWIND $ids AS id
MATCH (state:State {id: id})
SET state.stale = true
