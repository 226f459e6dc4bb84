// Causes that the verdict before named. They follow from the newest one.
CYPHER 5
UNWIND $ids AS id
MATCH (:Verdict {id: id})-[:EVIDENCE]->(event:Event)-[caused:CAUSED {verdict: id}]->()
DELETE caused
