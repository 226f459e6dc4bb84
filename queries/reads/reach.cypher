// One step from objects to all that an answer about them may rest on, with who declared it: up to owners, pods and Services, out to nodes, hosts, addresses and containers.
CYPHER 5
UNWIND $keys AS key
MATCH (object:Object {key: key})
CALL (object) {
  MATCH (object)<-[up:OWNS|RUNS|SELECTS WHERE up.from < $to AND up.to > $from AND up.recordedFrom <= $known < up.recordedTo]-(other:Object)
  RETURN other, up.by AS by LIMIT 500
  UNION
  MATCH (object)-[out:RUNS_ON|ON|HOLDS|RUNS WHERE out.from < $to AND out.to > $from AND out.recordedFrom <= $known < out.recordedTo]->(other:Object)
  RETURN other, out.by AS by LIMIT 500
}
RETURN DISTINCT other.key AS other, by
