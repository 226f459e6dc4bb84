// States that nothing rests on any more: an object's last one before the cut stays, as far as it was known in time. A
// deletion goes when nothing came after it: what is gone since before the horizon is forgotten.
CYPHER 5
MATCH (state:State)
WHERE state.cluster = $cluster AND state.at >= $after AND state.at <= $cut
  AND (state.stale
    OR EXISTS {
      MATCH (later:State)
      WHERE later.key = state.key AND later.at > state.at AND later.at <= $cut AND later.stale IS NULL AND later.recordedAt <= $known
    }
    OR state.deleted AND state.recordedAt <= $known
      AND NOT EXISTS { MATCH (later:State) WHERE later.key = state.key AND later.at > state.at })
RETURN state.id AS id, state.at AS position ORDER BY state.cluster, state.at LIMIT $limit
