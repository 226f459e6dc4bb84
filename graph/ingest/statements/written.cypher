// How many of these are there.
CYPHER 5
CALL () {
  UNWIND $events AS id
  MATCH (event:Event {id: id})
  RETURN id
  UNION ALL
  UNWIND $states AS id
  MATCH (state:State {id: id})
  RETURN id
  UNION ALL
  UNWIND $gaps AS id
  MATCH (gap:Gap {id: id})
  RETURN id
  UNION ALL
  UNWIND $losses AS id
  MATCH (loss:Loss {id: id})
  RETURN id
  UNION ALL
  UNWIND $coverage AS row
  MATCH (coverage:Coverage {id: row.id})
  WHERE coverage.to >= row.to AND coverage.heardAt >= row.heardAt AND (coverage.ended OR NOT row.ended)
  RETURN row.id AS id
}
RETURN count(id) AS written
