// First in each transaction: its lock makes the lane's transactions follow one another, and what they read is then whole.
CYPHER 5
MERGE (lane:Lane {key: $key})
ON CREATE SET lane.cluster = $cluster, lane.number = $number
SET lane.arrival = coalesce(lane.arrival, 0) + $count,
  lane.recordedAt = CASE WHEN coalesce(lane.recordedAt, 0) < $now THEN $now ELSE lane.recordedAt + 1 END
RETURN lane.arrival AS arrival, lane.recordedAt AS recordedAt
