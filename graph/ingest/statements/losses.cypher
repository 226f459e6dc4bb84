// One loss of one span, told in every lane, or again with more: it counts once, by the most that was said.
CYPHER 5
UNWIND $rows AS row
MERGE (loss:Loss {id: row.id})
ON CREATE SET loss += row.properties, loss.count = row.count, loss.recordedAt = $now
ON MATCH SET loss.count = CASE WHEN row.count > loss.count THEN row.count ELSE loss.count END
