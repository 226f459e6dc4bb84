// Events of one kind about objects in [$from, $to), as known at $known: of too many the newest. Of those that began before, but
// not before $after, the ones whose stamp reaches into it.
CYPHER 5
UNWIND $keys AS key
CALL (key) {
  MATCH (event:__Kind__)
  WHERE event.objectKey = key AND event.at >= $after AND event.at < $to AND event.recordedAt <= $known
    AND (event.at >= $from OR event.at + event.uncertainty > $from)
  RETURN event ORDER BY event.objectKey DESC, event.at DESC LIMIT $limit
}
RETURN event {.*} AS event
