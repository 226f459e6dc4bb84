// By what name a container's pod knows it: (pod)-[:RUNS {containerName}]->(container), and the pod's spec at the anchor's
// time. The first state that is known of a pod reaches back as far as it may have been there.
CYPHER 5
UNWIND $rows AS row
OPTIONAL MATCH (pod:Pod)-[runs:RUNS WHERE runs.recordedFrom <= $known < runs.recordedTo]->(:Object&Container {key: row.key})
WITH row, collect(runs.containerName)[0] AS name, coalesce(row.podKey, collect(pod.key)[0]) AS podKey
OPTIONAL CALL (row, podKey) {
  MATCH (state:State)
  WHERE state.key = podKey AND state.at <= row.at AND state.stale IS NULL AND state.recordedAt <= $known
    AND coalesce(state.deleted, false) = false
  RETURN state AS inForce ORDER BY state.key DESC, state.at DESC, state.version DESC LIMIT 1
}
OPTIONAL CALL (podKey) {
  MATCH (state:State)
  WHERE state.key = podKey AND state.at IS NOT NULL AND state.stale IS NULL AND state.recordedAt <= $known
  RETURN state AS first ORDER BY state.key, state.at LIMIT 1
}
RETURN row.anchor AS anchor, name,
  coalesce(inForce.body, CASE WHEN first.at - first.uncertainty <= row.at THEN first.body END) AS body
