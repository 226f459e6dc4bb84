// What the events of one kind of pods in [$from, $to) are about, as known at $known: containers that no relation may lead to.
CYPHER 5
UNWIND $keys AS key
CALL (key) {
  MATCH (event:__Kind__)
  WHERE event.podKey = key AND event.at >= $from AND event.at < $to AND event.recordedAt <= $known
  RETURN DISTINCT event.objectKey AS objectKey LIMIT $limit
}
RETURN DISTINCT objectKey
