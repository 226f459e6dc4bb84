CYPHER 5
UNWIND $ids AS id
MATCH (state:State {id: id})
DELETE state
