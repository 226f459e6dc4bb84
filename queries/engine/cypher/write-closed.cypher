// Nothing more is looked for: what it would rest on may be gone. The verdict stands as it is.
CYPHER 5
UNWIND $rows AS row
MATCH (occurrence:Occurrence {id: row.id})
WHERE occurrence.number = row.number
SET occurrence.openIn = null, occurrence.unfinishedIn = null, occurrence.awaits = '[]'
RETURN occurrence.incidentId AS incident
