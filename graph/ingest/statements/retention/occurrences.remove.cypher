// With their verdicts, and what these said caused what; the incident goes on counting them.
CYPHER 5
UNWIND $ids AS id
MATCH (occurrence:Occurrence {id: id})
CALL (occurrence) {
  MATCH (incident:Incident)-[:OCCURRED]->(occurrence)
  SET incident.removed = coalesce(incident.removed, 0) + 1
}
CALL (occurrence) {
  MATCH (occurrence)-[:CONCLUDED]->(verdict:Verdict)
  CALL (verdict) {
    MATCH (verdict)-[:EVIDENCE]->(event:Event)-[caused:CAUSED {verdict: verdict.id}]->()
    DELETE caused
  }
  DETACH DELETE verdict
}
DETACH DELETE occurrence
