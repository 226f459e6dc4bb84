// First in each removal: of several workers one removes at a time.
CYPHER 5
MATCH (horizon:Horizon {cluster: $cluster})
SET horizon.sweptAt = $now
