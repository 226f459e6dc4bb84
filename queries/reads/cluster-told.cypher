// Objects of a cluster that states in ($from, $to] are of, as known at $known.
CYPHER 5
MATCH (state:State)
WHERE state.cluster = $cluster AND state.at > $from AND state.at <= $to AND state.stale IS NULL AND state.recordedAt <= $known
RETURN DISTINCT state.key AS key LIMIT $limit
