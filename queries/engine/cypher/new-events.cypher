// Events of one kind that arrived since, in the order of arrival.
CYPHER 5
UNWIND $lanes AS lane
CALL (lane) {
  MATCH (event:__Label__)
  WHERE event.lane = lane.key AND event.arrival > lane.after AND event.arrival <= lane.upTo
  RETURN event ORDER BY event.lane, event.arrival LIMIT $limit
}
RETURN event.id AS id, event.lane AS lane, event.arrival AS arrival, event.at AS at, event.uncertainty AS uncertainty,
  event.objectKey AS objectKey, event.podKey AS podKey
