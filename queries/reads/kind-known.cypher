// Whether a cluster has a workload of a custom kind: one row if so.
CYPHER 5
MATCH (workload:Workload {cluster: $cluster})
WHERE workload.namespace IS NOT NULL AND workload.name IS NOT NULL AND toLower(workload.workloadKind) = toLower($workloadKind)
RETURN true AS known LIMIT 1
