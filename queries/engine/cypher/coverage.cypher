// What every source has said of its watching, of the sessions heard within $back of the newest word; further back only where $since asks for it. A source whose clock is ahead
// of $clock must not let the others look old.
CYPHER 5
CALL () {
  MATCH (newest:Coverage)
  WHERE newest.cluster = $cluster AND newest.heardAt IS NOT NULL
  RETURN newest.heardAt AS heardAt ORDER BY newest.cluster DESC, newest.heardAt DESC LIMIT 1
}
WITH CASE WHEN heardAt > $clock THEN $clock ELSE heardAt END AS newestAt
WITH CASE WHEN $since < newestAt - $back THEN $since ELSE newestAt - $back END AS since
MATCH (coverage:Coverage)
WHERE coverage.cluster = $cluster AND coverage.heardAt >= since
RETURN coverage.id AS id, coverage.source AS source, coverage.session AS session, coverage.lane AS lane,
  coverage.from AS from, coverage.to AS to, coalesce(coverage.ended, false) AS ended, coverage.heardAt AS heardAt,
  coalesce(coverage.blind, []) AS blind
ORDER BY id
