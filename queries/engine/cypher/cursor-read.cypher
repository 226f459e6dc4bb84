CYPHER 5
MATCH (cursor:Cursor {key: $key})
RETURN cursor.lanes AS lanes, cursor.coverage AS coverage
