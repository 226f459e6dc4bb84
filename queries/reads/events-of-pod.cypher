// What the events of one kind of pods are about whose stamp reaches into [$from, $to), as known at $known: containers that no
// relation may lead to.
CYPHER 5
UNWIND $keys AS key
CALL (key) {
  MATCH (event:__Kind__)
  WHERE event.podKey = key AND event.at >= 0 AND event.at < $to AND event.recordedAt <= $known
    AND (event.at >= $from OR event.at + event.uncertainty > $from)
  RETURN DISTINCT event.objectKey AS objectKey LIMIT $limit
}
RETURN DISTINCT objectKey
