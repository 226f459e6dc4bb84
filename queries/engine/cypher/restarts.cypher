// How often the container had been restarted, by the kinds that tell it: last at the anchor, and first after it.
CYPHER 5
UNWIND $rows AS row
CALL (row) {
  MATCH (event:__Label__)
  WHERE event.podKey = row.podKey AND event.at <= row.at AND event.containerName = row.containerName
    AND event.recordedAt <= $known AND NOT event.id IN $without
  RETURN event, true AS before ORDER BY event.podKey DESC, event.at DESC LIMIT 1
  UNION ALL
  MATCH (event:__Label__)
  WHERE event.podKey = row.podKey AND event.at > row.at AND event.at <= row.to AND event.containerName = row.containerName
    AND event.recordedAt <= $known AND NOT event.id IN $without
  RETURN event, false AS before ORDER BY event.podKey, event.at LIMIT 1
}
RETURN row.anchor AS anchor, row.containerName AS containerName, before, event.restartCount AS count,
  event.objectKey = row.key AS ofRun
