// The hosts on which objects were in [$from, $to), as known at $known, with the earliest and the latest time of any: of
// containers, (pod)-[:RUNS]->(container), pods, (pod)-[:RUNS_ON]->(node)-[:ON]->(host), and hosts themselves.
CYPHER 5
UNWIND $keys AS key
MATCH (object:Object {key: key})
CALL (object) {
  MATCH (object)
    (()<-[runs:RUNS WHERE runs.from < $to AND runs.recordedFrom <= $known < runs.recordedTo]-()){0,1}
    (pod:Pod)
    -[runsOn:RUNS_ON WHERE runsOn.from < $to AND runsOn.to > $from AND runsOn.recordedFrom <= $known < runsOn.recordedTo]->
    (node:Node)
    -[on:ON WHERE on.from < $to AND on.to > $from AND on.recordedFrom <= $known < on.recordedTo]->
    (host:Host)
  RETURN host, node.name AS name, runsOn.from - runsOn.uncertainty AS from, runsOn.to AS to
  UNION ALL
  WITH object AS host WHERE host:Host
  RETURN host, host.name AS name, $from AS from, $to AS to
}
RETURN host.key AS key, coalesce(min(name), host.key) AS name, min(from) AS from, max(to) AS to ORDER BY name, key
