// Occurrences of a pattern near times.
CYPHER 5
UNWIND $rows AS row
CALL (row) {
  MATCH (occurrence:Occurrence)
  WHERE occurrence.scope = $scope AND occurrence.at >= row.from AND occurrence.at <= row.to
  RETURN occurrence.anchorId AS id
}
RETURN DISTINCT id
