// (verdict)-[:EVIDENCE {step}]->(event)
CYPHER 5
UNWIND $rows AS row
MATCH (verdict:Verdict {id: row.verdictId})
MATCH (event:Event {id: row.eventId})
CREATE (verdict)-[:EVIDENCE {step: row.step}]->(event)
