// Events of one kind before $from about objects, or about that pod's containers, as known at $known: the newest for each value of $names.
CYPHER 5
UNWIND $keys AS key
CALL (key) {
  CALL (key) {
    MATCH (event:__Kind__)
    WHERE event.objectKey = key AND event.at < $from AND event.recordedAt <= $known
    RETURN event
    UNION
    MATCH (event:__Kind__)
    WHERE event.podKey = key AND event.at < $from AND event.recordedAt <= $known
    RETURN event
  }
  WITH [name IN $names | event[name]] AS named, event ORDER BY event.at DESC, event.id DESC
  RETURN named, head(collect(event)) AS event
}
RETURN event {.*} AS event
