// Occurrences that are not final, with what each waits for.
CYPHER 5
MATCH (occurrence:Occurrence {openIn: $scope})
RETURN occurrence.anchorId AS id, occurrence.awaits AS awaits
