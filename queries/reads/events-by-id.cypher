// Events by their ids.
CYPHER 5
UNWIND $ids AS id
MATCH (event:Event {id: id})
RETURN event {.*} AS event
