CYPHER 5
UNWIND $ids AS id
MATCH (verdict:Verdict {id: id})
DETACH DELETE verdict
