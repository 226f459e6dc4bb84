// The verdict stays; what it waits for has become less.
CYPHER 5
UNWIND $rows AS row
MATCH (occurrence:Occurrence {id: row.id})
WHERE occurrence.number = row.number
SET occurrence.awaits = row.awaits
