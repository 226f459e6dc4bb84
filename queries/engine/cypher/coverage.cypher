// What every source has said of its watching, as far as it was known at $known: a source knows nothing of the time after.
CYPHER 5
MATCH (coverage:Coverage {cluster: $cluster})
WHERE coverage.source IS NOT NULL AND coverage.from <= $known
RETURN coverage.id AS id, coverage.source AS source, coverage.session AS session, coverage.lane AS lane,
  coverage.from AS from, CASE WHEN coverage.to > $known THEN $known ELSE coverage.to END AS to,
  coalesce(coverage.ended, false) AND coverage.to <= $known AS ended,
  coalesce(coverage.blind, []) AS blind
ORDER BY id
