// What belongs to an object in [$from, $to): (object)-[:OWNS*]->(member)-[:RUNS]->(container); for a Service its pods, (service)-[:SELECTS]->(pod).
// When a run of a container ended no relation says: of those that began before, each name's last $before may have gone on.
CYPHER 5
MATCH (object:Object {key: $key})
CALL (object) {
  MATCH (object)
    (()-[owns:OWNS WHERE owns.from < $to AND owns.to > $from AND owns.recordedFrom <= $known < owns.recordedTo]->()){0,8}
    (member:Object)
  RETURN member LIMIT $limit
  UNION
  MATCH (object)-[selects:SELECTS WHERE selects.from < $to AND selects.to > $from AND selects.recordedFrom <= $known < selects.recordedTo]->(member:Pod)
  RETURN member LIMIT $limit
}
WITH collect(DISTINCT member)[..$limit] AS members
UNWIND members AS member
WITH member, 1 + $containers / size(members) AS most
OPTIONAL CALL (member) {
  MATCH (member)-[runsOn:RUNS_ON WHERE runsOn.from < $to AND runsOn.to > $from AND runsOn.recordedFrom <= $known < runsOn.recordedTo]->(node:Node)
  OPTIONAL MATCH (node)-[on:ON WHERE on.from < $to AND on.to > $from AND on.recordedFrom <= $known < on.recordedTo]->(host:Host)
  RETURN node {.*} AS node, host {.*} AS host LIMIT 5
}
WITH member, most, collect(node) AS nodes, collect(host) AS hosts
CALL (member, most) {
  MATCH (member)-[runs:RUNS WHERE runs.from < $to AND runs.recordedFrom <= $known < runs.recordedTo]->(container:Container)
  WITH runs.containerName AS name, runs.from > $from AS within, container, most ORDER BY runs.from DESC
  WITH name, within, most, collect(container) AS containers
  WITH containers[..CASE WHEN within THEN most ELSE $before END] AS newest, within AND size(containers) > most AS cut
  UNWIND newest AS container
  RETURN collect(container {.*}) AS containers, max(CASE WHEN cut THEN 1 ELSE 0 END) = 1 AS cut
}
RETURN member {.*} AS member, nodes, hosts, containers, coalesce(cut, false) AS cut
