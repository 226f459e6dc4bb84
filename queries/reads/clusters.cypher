// Clusters of which something was heard, with the newest word of each.
CYPHER 5
MATCH (coverage:Coverage)
RETURN coverage.cluster AS cluster, max(coverage.heardAt) AS heardAt, max(coverage.to) AS to,
  count(CASE WHEN coverage.ended IS NULL OR coverage.ended = false THEN 1 END) > 0 AS live
ORDER BY heardAt DESC LIMIT 1000
