// Events of one kind about objects in [$from, $to), as known at $known: of too many the newest.
CYPHER 5
UNWIND $keys AS key
CALL (key) {
  MATCH (event:__Kind__)
  WHERE event.objectKey = key AND event.at >= $from AND event.at < $to AND event.recordedAt <= $known
  RETURN event ORDER BY event.objectKey DESC, event.at DESC LIMIT $limit
}
RETURN event {.*} AS event
