// What given sources of a cluster lost up to $to, of events and states alike, by their own word as known at $known: of each the newest.
CYPHER 5
UNWIND $sources AS source
CALL (source) {
  MATCH (loss:Loss)
  WHERE loss.cluster = $cluster AND loss.source = source AND loss.to >= 0 AND loss.from <= $to AND loss.kinds IS NULL
    AND loss.recordedAt <= $known
  RETURN loss ORDER BY loss.cluster DESC, loss.source DESC, loss.to DESC LIMIT 200
}
RETURN loss {.*} AS loss
