CYPHER 5
UNWIND $ids AS id
MATCH (:Occurrence {id: id})-[affects:AFFECTS]->()
DELETE affects
