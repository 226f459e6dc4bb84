// Gaps and losses that touch [$from, $to], as known at $known.
CYPHER 5
CALL () {
  MATCH (gap:Gap) WHERE gap.cluster = $cluster AND gap.to >= $from AND gap.from <= $to AND gap.recordedAt <= $known
  RETURN gap.id AS id, 'gap' AS hole, gap.source AS source, gap.from AS from, gap.to AS to, gap.reason AS what, null AS count, gap.kinds AS kinds
  UNION ALL
  MATCH (loss:Loss) WHERE loss.cluster = $cluster AND loss.to >= $from AND loss.from <= $to AND loss.recordedAt <= $known
  RETURN loss.id AS id, 'loss' AS hole, loss.source AS source, loss.from AS from, loss.to AS to, loss.what AS what, loss.count AS count, loss.kinds AS kinds
}
RETURN id, hole, source, from, to, what, count, kinds
