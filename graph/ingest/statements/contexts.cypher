// `at` is the newest event that names it.
CYPHER 5
UNWIND $rows AS row
MERGE (context:Context {key: row.key})
ON CREATE SET context.cluster = $cluster, context.json = row.json, context.podKey = row.podKey, context.at = row.at
ON MATCH SET context.at = CASE WHEN context.at < row.at THEN row.at ELSE context.at END
