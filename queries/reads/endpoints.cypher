// (service)-[:SELECTS]->(pod): what held at any time of [$from, $to), as known at $known; of too many the newest. Several slices may claim one pod: the reader unites them.
CYPHER 5
UNWIND $keys AS key
MATCH (service:Object {key: key})
CALL (service) {
  MATCH (service)-[selects:SELECTS WHERE selects.from < $to AND selects.to > $from AND selects.recordedFrom <= $known < selects.recordedTo]->(pod:Object)
  RETURN selects, pod ORDER BY selects.from DESC, pod.key LIMIT $limit
}
RETURN key, pod.key AS pod, selects.from AS from, selects.to AS to, selects.ready AS ready
