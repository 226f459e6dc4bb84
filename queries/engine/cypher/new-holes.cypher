// Gaps and losses that arrived since, in the order of arrival.
CYPHER 5
UNWIND $lanes AS lane
CALL (lane) {
  CALL (lane) {
    MATCH (gap:Gap)
    WHERE gap.lane = lane.key AND gap.arrival > lane.after AND gap.arrival <= lane.upTo
    RETURN gap AS hole ORDER BY gap.lane, gap.arrival LIMIT $limit
    UNION ALL
    MATCH (loss:Loss)
    WHERE loss.lane = lane.key AND loss.arrival > lane.after AND loss.arrival <= lane.upTo
    RETURN loss AS hole ORDER BY loss.lane, loss.arrival LIMIT $limit
  }
  RETURN hole ORDER BY hole.arrival LIMIT $limit
}
RETURN hole.lane AS lane, hole.arrival AS arrival, hole.from AS from, hole.to AS to
