// When given sources last missed something of given kinds before $to, by their own word as known at $known; null for one that
// never did.
CYPHER 5
UNWIND $sources AS source
CALL (source) {
  CALL (source) {
    MATCH (gap:Gap)
    WHERE gap.cluster = $cluster AND gap.source = source AND gap.to >= 0 AND gap.from < $to AND gap.recordedAt <= $known
      AND (gap.kinds IS NULL OR any(kind IN gap.kinds WHERE kind IN $kinds))
    RETURN gap.to AS at ORDER BY gap.cluster DESC, gap.source DESC, gap.to DESC LIMIT 1
    UNION ALL
    MATCH (loss:Loss)
    WHERE loss.cluster = $cluster AND loss.source = source AND loss.to >= 0 AND loss.from < $to AND loss.recordedAt <= $known
      AND (loss.kinds IS NULL OR any(kind IN loss.kinds WHERE kind IN $kinds))
    RETURN loss.to AS at ORDER BY loss.cluster DESC, loss.source DESC, loss.to DESC LIMIT 1
  }
  RETURN max(at) AS at
}
RETURN source, at
