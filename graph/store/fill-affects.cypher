// (occurrence)-[:AFFECTS]->(object): edges of an earlier schema get what their indexes go by. The occurrence's lock comes first, as the
// engine takes it, in the same order: it takes edges away.
CYPHER 5
MATCH (occurrence:Occurrence)
WHERE occurrence.id > $after AND EXISTS { (occurrence)-[affects:AFFECTS]->() WHERE affects.until IS NULL }
WITH occurrence ORDER BY occurrence.id LIMIT $limit
SET occurrence.at = occurrence.at
WITH occurrence
MATCH (occurrence)-[affects:AFFECTS]->(object:Object)
WHERE affects.until IS NULL
SET affects.toKey = object.key, affects.at = occurrence.at, affects.until = coalesce(occurrence.until, occurrence.at),
  affects.partialKey = CASE WHEN occurrence.whole = false THEN object.key END
RETURN max(occurrence.id) AS last
