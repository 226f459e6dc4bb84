// Clusters of which anything was ever written.
CYPHER 5
MATCH (lane:Lane) RETURN DISTINCT lane.cluster AS cluster ORDER BY cluster
