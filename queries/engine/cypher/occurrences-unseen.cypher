// Final occurrences near times whose verdict could not say something, since a source was not watching then: with what it could not
// say. Those with a wide stamp are found by its end.
CYPHER 5
UNWIND $rows AS row
CALL (row) {
  MATCH (occurrence:Occurrence)
  WHERE occurrence.unseenIn = $scope AND occurrence.at >= row.from AND occurrence.at <= row.to
  RETURN occurrence
  UNION
  MATCH (occurrence:Occurrence)
  USING INDEX SEEK occurrence:Occurrence(wideIn, until)
  WHERE occurrence.wideIn = $scope AND occurrence.until >= row.from AND occurrence.at <= row.to
    AND occurrence.unseenIn = $scope
  RETURN occurrence
}
WITH DISTINCT occurrence
MATCH (verdict:Verdict {id: occurrence.verdictId})
RETURN occurrence.anchorId AS id, occurrence.at AS at, coalesce(occurrence.until, occurrence.at) - occurrence.at AS uncertainty,
  verdict.unseenSources AS unseen
