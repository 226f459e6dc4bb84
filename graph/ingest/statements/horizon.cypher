// From when on the graph answers. The writer reads it once its lane is raised: what is older is stored and derives nothing.
CYPHER 5
MATCH (horizon:Horizon {cluster: $cluster})
RETURN horizon.at AS at, horizon.known AS known
