// (occurrence)-[:CONCLUDED]->(verdict)-[:EVIDENCE]->(event): each occurrence's newest verdict by $known, what it rests on and what it affects.
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
CALL (occurrence) {
  OPTIONAL MATCH (occurrence)-[affects:AFFECTS]->(object:Object)
  WITH affects, object LIMIT 200
  RETURN collect(CASE WHEN object IS NULL THEN null ELSE {role: affects.role, object: object {.*}} END) AS affected
}
RETURN occurrence {.*} AS occurrence, verdict {.*} AS verdict, evidence, affected
