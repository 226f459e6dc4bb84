// The newest event of one kind about each object, or of that pod's containers and processes, up to $at as known at $known.
CYPHER 5
UNWIND $keys AS key
CALL (key) {
  MATCH (event:__Kind__)
  WHERE event.objectKey = key AND event.at <= $at AND event.recordedAt <= $known
  RETURN event.at AS at ORDER BY event.objectKey DESC, event.at DESC LIMIT 1
  UNION ALL
  MATCH (event:__Kind__)
  WHERE event.podKey = key AND event.at <= $at AND event.recordedAt <= $known
  RETURN event.at AS at ORDER BY event.podKey DESC, event.at DESC LIMIT 1
}
RETURN key, max(at) AS at
