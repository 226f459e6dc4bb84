// What each pattern has concluded in a cluster so far.
CYPHER 5
MATCH (occurrence:Occurrence {cluster: $cluster})
WHERE occurrence.pattern IS NOT NULL AND occurrence.status IS NOT NULL
RETURN occurrence.pattern AS pattern, count(*) AS occurrences,
  count(CASE WHEN occurrence.status <> 'final' THEN 1 END) AS open, max(occurrence.at) AS lastAt,
  max(occurrence.updatedAt) AS concludedAt
ORDER BY pattern
