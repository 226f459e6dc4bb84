// With what they alone affected.
CYPHER 5
UNWIND $ids AS id
MATCH (verdict:Verdict {id: id})
CALL (verdict) {
  MATCH (verdict)<-[:CONCLUDED]-(occurrence:Occurrence)-[affected:AFFECTED]->()
  WHERE NOT EXISTS {
    MATCH (occurrence)-[:CONCLUDED]->(other:Verdict)
    WHERE NOT other.id IN $ids AND other.affected CONTAINS '"' + affected.toKey + '"'
  }
  DELETE affected
}
DETACH DELETE verdict
