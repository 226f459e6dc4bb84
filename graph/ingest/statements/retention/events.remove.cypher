CYPHER 5
UNWIND $ids AS id
MATCH (event:Event {id: id})
DETACH DELETE event
