// (occurrence)-[:CONCLUDED]->(verdict). The lock on the occurrence makes writers follow one another; who read an older number steps back.
CYPHER 5
UNWIND $rows AS row
MERGE (occurrence:Occurrence {id: row.id})
SET occurrence.updatedAt = $now
WITH occurrence, row WHERE coalesce(occurrence.number, 0) = row.expected
SET occurrence += row.occurrence
CREATE (occurrence)-[:CONCLUDED]->(verdict:Verdict {id: row.verdictId})
SET verdict += row.verdict
RETURN row.id AS id
