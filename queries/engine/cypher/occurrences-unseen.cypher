// Final occurrences near times whose verdict could not say something, since a source was not watching then.
CYPHER 5
UNWIND $rows AS row
CALL (row) {
  MATCH (occurrence:Occurrence)
  WHERE occurrence.unseenIn = $scope AND occurrence.at >= row.from AND occurrence.at <= row.to
  RETURN occurrence.anchorId AS id
}
RETURN DISTINCT id
