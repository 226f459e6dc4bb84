// How much the graph holds, and of a cluster the oldest event.
CYPHER 5
CALL () { MATCH (event:Event) RETURN count(event) AS events }
CALL () { MATCH (object:Object) RETURN count(object) AS objects }
OPTIONAL CALL () {
  MATCH (oldest:Event) WHERE oldest.cluster = $cluster AND oldest.at > 0
  RETURN oldest.at AS oldestAt ORDER BY oldest.cluster, oldest.at LIMIT 1
}
RETURN events, objects, oldestAt
