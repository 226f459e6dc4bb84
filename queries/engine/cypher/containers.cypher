// What containers are to their pods: (pod)-[:RUNS {containerName, role}]->(container); and where that does not say it all, the
// pod's state at the anchor's time and the anchor's K8sContext. The first state that is known of a pod reaches back as far as it
// may have been there.
CYPHER 5
UNWIND $rows AS row
OPTIONAL MATCH (pod:Pod)-[runs:RUNS WHERE runs.recordedFrom <= $known < runs.recordedTo]->(:Object&Container {key: row.key})
WITH row, collect(runs.containerName)[0] AS name, collect(runs.role)[0] AS role, coalesce(row.podKey, collect(pod.key)[0]) AS podKey
WITH row, name, role, CASE WHEN role IS NULL OR coalesce(row.name, name) IS NULL THEN podKey END AS asked,
  CASE WHEN role IS NULL THEN row.contextKey END AS contextKey
OPTIONAL CALL (row, asked) {
  MATCH (state:State)
  WHERE state.key = asked AND state.at <= row.at AND state.stale IS NULL AND state.recordedAt <= $known
    AND coalesce(state.deleted, false) = false
  RETURN state AS inForce ORDER BY state.key DESC, state.at DESC, state.version DESC LIMIT 1
}
OPTIONAL CALL (asked) {
  MATCH (state:State)
  WHERE state.key = asked AND state.at IS NOT NULL AND state.stale IS NULL AND state.recordedAt <= $known
  RETURN state AS first ORDER BY state.key, state.at LIMIT 1
}
WITH row, name, role, contextKey, coalesce(inForce, CASE WHEN first.at - first.uncertainty <= row.at THEN first END) AS state
OPTIONAL MATCH (context:Context {key: contextKey})
RETURN row.anchor AS anchor, name, role, state {.at, .body, .relations} AS state, context.json AS context
