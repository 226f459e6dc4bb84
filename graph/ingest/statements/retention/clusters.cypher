// Clusters of which anything was ever written, and the last stamp of their lanes.
CYPHER 5
MATCH (lane:Lane)
RETURN lane.cluster AS cluster, max(lane.recordedAt) AS recordedAt ORDER BY cluster
