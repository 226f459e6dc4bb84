CYPHER 5
UNWIND $ids AS id
MATCH (fact) WHERE elementId(fact) = id
DELETE fact
