// How many incidents each cluster has.
CYPHER 5
UNWIND $clusters AS cluster
CALL (cluster) {
  MATCH (incident:Incident {cluster: cluster})
  WHERE incident.lastAt >= 0 AND coalesce(incident.superseded, false) = false
  RETURN count(incident) AS count
}
RETURN cluster, count ORDER BY count DESC, cluster
