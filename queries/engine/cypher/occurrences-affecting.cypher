// Occurrences of a pattern that affect an object of which something became known: later than that, or with an owner chain that was not whole.
CYPHER 5
UNWIND $rows AS row
MATCH (:Object {key: row.key})<-[:AFFECTS]-(occurrence:Occurrence)
WHERE occurrence.scope = $scope AND (occurrence.at >= row.at OR occurrence.whole = false)
RETURN DISTINCT occurrence.anchorId AS id
