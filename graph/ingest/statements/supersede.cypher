// Ends what was believed of a relation; the record stays for questions about what was known.
CYPHER 5
UNWIND $ids AS id
MATCH ()-[r]->() WHERE elementId(r) = id
SET r.recordedTo = $now, r.end = CASE WHEN r.to < $now THEN r.to ELSE $now END
