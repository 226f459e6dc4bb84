CYPHER 5
UNWIND $rows AS row
MERGE (gap:Gap {id: row.id})
ON CREATE SET gap += row.properties, gap.recordedAt = $now
