// What each source said of its own watching, of those heard from $from on: a row for each session and lane.
CYPHER 5
MATCH (coverage:Coverage {cluster: $cluster})
WHERE coverage.heardAt >= $from AND coverage.source IS NOT NULL AND coverage.from <= $to
RETURN coverage {.*} AS coverage ORDER BY coverage.source, coverage.from
