// Objects of which a state was known that was there at the anchor's time.
CYPHER 5
UNWIND $rows AS row
MATCH (state:State)
WHERE state.key = row.key AND state.at <= row.at AND state.stale IS NULL AND state.recordedAt <= $known
RETURN DISTINCT row.key AS key, row.at AS at
