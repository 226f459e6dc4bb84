// Everything of one cluster of a case, by the ids that begin with its name.
CYPHER 5
MATCH (node:__Label__) WHERE node.__property__ STARTS WITH $prefix
WITH node LIMIT $limit
DETACH DELETE node
RETURN count(*) AS count
