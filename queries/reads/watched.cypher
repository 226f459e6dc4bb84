// All that given sources of a cluster ever said of their own watching: a row for each session and lane.
CYPHER 5
UNWIND $sources AS source
MATCH (coverage:Coverage {cluster: $cluster, source: source})
RETURN coverage {.*} AS coverage
