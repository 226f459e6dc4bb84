// What each source said of its own watching in [$from, $to]: a row for each session and lane.
CYPHER 5
MATCH (coverage:Coverage {cluster: $cluster})
WHERE coverage.source IS NOT NULL AND coverage.heardAt >= $from AND coverage.from <= $to
RETURN coverage {.*} AS coverage ORDER BY coverage.source, coverage.from LIMIT 20000
