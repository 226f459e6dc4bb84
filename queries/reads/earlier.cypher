// How often an incident occurred before $at as known at $known, and since when. What retention removed came after the first.
CYPHER 5
MATCH (incident:Incident {id: $incident})
OPTIONAL CALL (incident) {
  MATCH (incident)-[:OCCURRED]->(occurrence:Occurrence)
  WHERE occurrence.at < $at
    AND (occurrence.recordedAt <= $known OR EXISTS {
      MATCH (occurrence)-[:CONCLUDED]->(verdict:Verdict)
      WHERE verdict.recordedAt <= $known AND verdict.result = 'incident' AND verdict.status <> 'waiting'
        AND NOT EXISTS {
          MATCH (occurrence)-[:CONCLUDED]->(later:Verdict)
          WHERE later.recordedAt <= $known AND later.number > verdict.number
        }
    })
  RETURN occurrence
}
WITH incident, count(occurrence) AS left, min(occurrence.at) AS since
RETURN CASE WHEN left > 0 THEN left + coalesce(incident.removed, 0) ELSE 0 END AS count, since
