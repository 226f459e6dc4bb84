// Up to when history of a cluster was removed: what happened, and what was known; no row where it never was.
CYPHER 5
MATCH (horizon:Horizon {cluster: $cluster})
RETURN horizon.at AS at, horizon.known AS known
