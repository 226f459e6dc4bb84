CYPHER 5
UNWIND $ids AS id
MATCH (occurrence:Occurrence {id: id})
RETURN occurrence.id AS id, occurrence.at AS at, occurrence.number AS number, occurrence.content AS content, occurrence.verdictId AS verdictId,
  occurrence.result AS result, occurrence.awaits AS awaits, occurrence.openIn IS NOT NULL AS open
