// (holder)-[:HOLDS]->(address): who had it at $at, or may have had it, as known at $known. The record names the address, so that nothing expands from it.
CYPHER 5
MATCH (holder:Object)-[holds:HOLDS]->()
USING INDEX SEEK holds:HOLDS(toKey, end)
WHERE holds.toKey = $key AND holds.end > $after
  AND holds.from - holds.uncertainty <= $at AND $at < holds.to
  AND holds.recordedFrom <= $known AND $known < holds.recordedTo
RETURN holder {.*} AS holder, holds.from AS from, holds.to AS to, holds.uncertainty AS uncertainty
ORDER BY holds.from LIMIT $limit
