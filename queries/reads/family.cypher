// What belongs to an object in [$from, $to): (object)-[:OWNS*]->(member)-[:RUNS]->(container); for a Service its pods, (service)-[:SELECTS]->(pod).
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
OPTIONAL CALL (member) {
  MATCH (member)-[runsOn:RUNS_ON WHERE runsOn.from < $to AND runsOn.to > $from AND runsOn.recordedFrom <= $known < runsOn.recordedTo]->(node:Node)
  OPTIONAL MATCH (node)-[on:ON WHERE on.from < $to AND on.to > $from AND on.recordedFrom <= $known < on.recordedTo]->(host:Host)
  RETURN node {.*} AS node, host {.*} AS host LIMIT 5
}
WITH member, collect(node) AS nodes, collect(host) AS hosts
OPTIONAL CALL (member) {
  MATCH (member)-[runs:RUNS WHERE runs.from < $to AND runs.recordedFrom <= $known < runs.recordedTo]->(container:Container)
  RETURN container, runs ORDER BY runs.from DESC LIMIT $limit
}
RETURN member {.*} AS member, nodes, hosts, collect(container {.*}) AS containers
LIMIT $limit
