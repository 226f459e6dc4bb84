// Gaps and losses that were recorded from $since on.
CYPHER 5
CALL () {
  MATCH (gap:Gap) WHERE gap.cluster = $cluster AND gap.recordedAt >= $since
  RETURN gap.id AS id, gap.from AS from, gap.to AS to, gap.recordedAt AS recordedAt
  UNION ALL
  MATCH (loss:Loss) WHERE loss.cluster = $cluster AND loss.recordedAt >= $since
  RETURN loss.id AS id, loss.from AS from, loss.to AS to, loss.recordedAt AS recordedAt
}
RETURN id, from, to, recordedAt
