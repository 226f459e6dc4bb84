// (occurrence)-[:CONCLUDED]->(verdict)-[:EVIDENCE]->(event): each occurrence's newest verdict by $known, and what it rests on.
CYPHER 5
UNWIND $ids AS id
MATCH (occurrence:Occurrence {id: id})
OPTIONAL CALL (occurrence) {
  MATCH (occurrence)-[:CONCLUDED]->(verdict:Verdict)
  WHERE verdict.recordedAt <= $known
  RETURN verdict ORDER BY verdict.number DESC LIMIT 1
}
CALL (verdict) {
  OPTIONAL MATCH (verdict)-[evidence:EVIDENCE]->(event:Event)
  RETURN collect(CASE WHEN event IS NULL THEN null ELSE {step: evidence.step, event: event {.*}} END) AS evidence
}
RETURN occurrence {.id, .cluster, .pattern, .anchorId, .at, until: coalesce(occurrence.until, occurrence.at), .status, .outcome, .confidence} AS occurrence,
  verdict {.*} AS verdict, evidence
