// How long before it was seen what states tell may have happened, of objects at given times, as known at $known.
CYPHER 5
UNWIND $rows AS row
MATCH (state:State)
WHERE state.key = row.key AND state.at = row.at AND state.stale IS NULL AND state.recordedAt <= $known
RETURN row.key AS key, row.at AS at, max(state.uncertainty) AS uncertainty
