// (object)<-[:OWNS]-(owner)<-[:OWNS]-(its owner): the chain above each object at $at as known at $known, the nearest first.
CYPHER 5
UNWIND $keys AS key
MATCH path = (object:Object {key: key})
  (()<-[owns:OWNS WHERE owns.from <= $at < owns.to AND owns.recordedFrom <= $known < owns.recordedTo]-(owner)){1,8}
UNWIND range(0, size(owner) - 1) AS distance
RETURN DISTINCT key, distance, properties(owner[distance]) AS owner ORDER BY key, distance
