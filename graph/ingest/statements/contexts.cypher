CYPHER 5
UNWIND $rows AS row
MERGE (context:Context {key: row.key})
ON CREATE SET context.cluster = $cluster, context.json = row.json
