CYPHER 5
UNWIND $ids AS id
MATCH ()-[record]->() WHERE elementId(record) = id
DELETE record
