// Where an anchor's pod ran at its time, (pod)-[:RUNS_ON]->(node)-[:ON]->(host), and what was told of the node being Ready and
// of its Lease being renewed: of each the last two before $from (a Lease that is deleted while it is stale ends that at the instant
// at which it began, uncertain up to now), and all up to $to.
CYPHER 5
UNWIND $rows AS row
CALL (row) {
  MATCH (:Object&Pod {key: row.podKey})-[runsOn:RUNS_ON WHERE runsOn.from - runsOn.uncertainty <= row.at < runsOn.to AND runsOn.recordedFrom <= $known < runsOn.recordedTo]->(node:Node)
  RETURN node ORDER BY runsOn.from DESC LIMIT 1
}
OPTIONAL CALL (row, node) {
  MATCH (node)-[on:ON WHERE on.from - on.uncertainty <= row.at < on.to AND on.recordedFrom <= $known < on.recordedTo]->(host:Host)
  RETURN host ORDER BY on.from DESC LIMIT 1
}
UNWIND ['Ready', 'Lease'] AS condition
CALL (row, node, condition) {
  MATCH (change:NodeConditionChanged)
  WHERE change.objectKey = node.key AND change.at <= row.from AND change.condition = condition
    AND change.recordedAt <= $known AND NOT change.id IN $without
  RETURN change ORDER BY change.objectKey DESC, change.at DESC, change.uncertainty DESC, change.id DESC LIMIT 2
  UNION ALL
  MATCH (change:NodeConditionChanged)
  WHERE change.objectKey = node.key AND change.at > row.from AND change.at <= row.to AND change.condition = condition
    AND change.recordedAt <= $known AND NOT change.id IN $without
  RETURN change
  UNION ALL
  RETURN null AS change
}
RETURN row.anchor AS anchor, host.key AS host,
  collect(change {.id, .at, .uncertainty, .condition, .status, .previous}) AS changes
