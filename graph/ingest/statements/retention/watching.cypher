// What sources said of their watching, or of not watching, in a time that no answer is about any more.
CYPHER 5
CALL () {
  MATCH (coverage:Coverage) WHERE coverage.cluster = $cluster AND coverage.heardAt < $cut
  RETURN elementId(coverage) AS id LIMIT $limit
  UNION ALL
  MATCH (gap:Gap) WHERE gap.cluster = $cluster AND gap.to < $cut
  RETURN elementId(gap) AS id LIMIT $limit
  UNION ALL
  MATCH (loss:Loss) WHERE loss.cluster = $cluster AND loss.to < $cut
  RETURN elementId(loss) AS id LIMIT $limit
}
RETURN id LIMIT $limit
