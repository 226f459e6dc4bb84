// Final occurrences near times whose verdict could not say something, since a source was not watching then; those with a wide stamp
// are found by its end.
CYPHER 5
UNWIND $rows AS row
CALL (row) {
  MATCH (occurrence:Occurrence)
  WHERE occurrence.unseenIn = $scope AND occurrence.at >= row.from AND occurrence.at <= row.to
  RETURN occurrence.anchorId AS id
  UNION
  MATCH (occurrence:Occurrence)
  USING INDEX SEEK occurrence:Occurrence(wideIn, until)
  WHERE occurrence.wideIn = $scope AND occurrence.until >= row.from AND occurrence.at <= row.to
    AND occurrence.unseenIn = $scope
  RETURN occurrence.anchorId AS id
}
RETURN DISTINCT id
