// When the sources of a cluster were not watching, or lost what they saw, within [$from, $to], as known at $known.
CYPHER 5
CALL () {
  MATCH (gap:Gap {cluster: $cluster}) WHERE gap.source IS NOT NULL AND gap.to >= $from AND gap.from <= $to
    AND gap.recordedAt <= $known
  RETURN 'gap' AS type, gap AS fact ORDER BY gap.from
  UNION ALL
  MATCH (loss:Loss {cluster: $cluster}) WHERE loss.source IS NOT NULL AND loss.to >= $from AND loss.from <= $to
    AND loss.recordedAt <= $known
  RETURN 'loss' AS type, loss AS fact ORDER BY loss.from
}
RETURN type, fact {.*} AS fact
