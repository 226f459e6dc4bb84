// How far a cluster's own sources have come, the oldest thing that is there, and when something was removed last.
CYPHER 5
OPTIONAL CALL () {
  MATCH (coverage:Coverage)
  WHERE coverage.cluster = $cluster AND coverage.heardAt IS NOT NULL
  RETURN coverage.to AS watermark ORDER BY coverage.cluster DESC, coverage.heardAt DESC LIMIT 1
}
OPTIONAL CALL () {
  MATCH (event:Event) WHERE event.cluster = $cluster AND event.at > 0
  RETURN event.at AS oldestEvent ORDER BY event.cluster, event.at LIMIT 1
}
OPTIONAL CALL () {
  MATCH (state:State) WHERE state.cluster = $cluster AND state.at > 0
  RETURN state.at AS oldestState ORDER BY state.cluster, state.at LIMIT 1
}
OPTIONAL MATCH (horizon:Horizon {cluster: $cluster})
RETURN watermark, oldestEvent, oldestState, horizon.sweptAt AS sweptAt
