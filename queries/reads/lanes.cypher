// How far each lane has come. All that is committed in a lane has an arrival up to this.
CYPHER 5
UNWIND $keys AS key
MATCH (lane:Lane {key: key})
RETURN lane.key AS key, lane.arrival AS arrival, lane.recordedAt AS recordedAt
