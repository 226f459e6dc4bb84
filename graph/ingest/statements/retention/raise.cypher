// Before anything is removed: who sees that something is missing finds the reason. It never goes back.
CYPHER 5
MERGE (horizon:Horizon {cluster: $cluster})
ON CREATE SET horizon.at = $at, horizon.known = $known
SET horizon.at = CASE WHEN horizon.at < $at THEN $at ELSE horizon.at END,
  horizon.known = CASE WHEN horizon.known < $known THEN $known ELSE horizon.known END,
  horizon.sweptAt = $now
RETURN horizon.at AS at, horizon.known AS known
