// Occurrences of a pattern that affect an object of which something became known: that may be later; and where it may complete an owner
// chain, those of any time whose chain was not whole. The edges' indexes are named, so that what happened to it before costs nothing.
CYPHER 5
UNWIND $rows AS row
CALL (row) {
  MATCH (occurrence:Occurrence)-[affects:AFFECTS]->()
  USING INDEX SEEK affects:AFFECTS(toKey, until)
  WHERE affects.toKey = row.key AND affects.until >= row.at AND occurrence.scope = $scope
  RETURN occurrence.anchorId AS id
  UNION
  MATCH (occurrence:Occurrence)-[affects:AFFECTS]->()
  USING INDEX SEEK affects:AFFECTS(partialKey)
  WHERE affects.partialKey = row.partialKey AND occurrence.scope = $scope
  RETURN occurrence.anchorId AS id
}
RETURN DISTINCT id
