// States that were written before: a job that comes again changes nothing.
CYPHER 5
UNWIND $ids AS id
MATCH (state:State {id: id})
RETURN state.id AS id
