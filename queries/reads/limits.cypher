// What the pods of an object in [$from, $to] (of a pod: itself) showed of memory limits, as known at $known: from when on each
// showed those of $limits, and until when another one of a container of $names. A body is JSON text.
CYPHER 5
MATCH (object:Object {key: $key})
MATCH (object)
  (()-[owns:OWNS WHERE owns.from < $to AND owns.to > $from AND owns.recordedFrom <= $known < owns.recordedTo]->()){0,4}
  (pod:Pod)
WITH DISTINCT pod LIMIT $limit
OPTIONAL CALL (pod) {
  MATCH (other:State)
  WHERE other.key = pod.key AND other.at >= 0 AND other.at <= $to AND other.stale IS NULL AND other.recordedAt <= $known
    AND any(index IN range(0, size($names) - 1) WHERE other.body CONTAINS $names[index] AND NOT other.body CONTAINS $limits[index])
  RETURN other ORDER BY other.key DESC, other.at DESC LIMIT 1
}
OPTIONAL CALL (pod, other) {
  MATCH (next:State)
  WHERE next.key = pod.key AND next.at > other.at AND next.at <= $to AND next.stale IS NULL AND next.recordedAt <= $known
  RETURN next ORDER BY next.key, next.at LIMIT 1
}
OPTIONAL CALL (pod) {
  MATCH (shown:State)
  WHERE shown.key = pod.key AND shown.at >= 0 AND shown.at <= $to AND shown.stale IS NULL AND shown.recordedAt <= $known
    AND all(text IN $limits WHERE shown.body CONTAINS text)
  RETURN shown ORDER BY shown.key, shown.at LIMIT 1
}
RETURN pod.key AS key, CASE WHEN other IS NULL THEN shown.at - shown.uncertainty ELSE shown.at END AS shownFrom,
  CASE WHEN other IS NOT NULL THEN coalesce(next.at, $to) END AS otherUntil
