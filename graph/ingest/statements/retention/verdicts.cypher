// Verdicts that a later one had replaced before the oldest knowledge that is kept.
CYPHER 5
MATCH (verdict:Verdict)
WHERE verdict.cluster = $cluster AND verdict.recordedAt >= $after AND verdict.recordedAt <= $known
  AND EXISTS {
    MATCH (later:Verdict)
    WHERE later.occurrenceId = verdict.occurrenceId AND later.number > verdict.number AND later.recordedAt <= $known
  }
RETURN verdict.id AS id, verdict.recordedAt AS position ORDER BY verdict.cluster, verdict.recordedAt LIMIT $limit
