// Only forward: another correlator may have been further.
CYPHER 5
MERGE (cursor:Cursor {key: $key})
ON CREATE SET cursor.cluster = $cluster, cursor.pattern = $pattern, cursor.lanes = $lanes
SET cursor.lanes = [index IN range(0, size($lanes) - 1) |
    CASE WHEN cursor.lanes[index] > $lanes[index] THEN cursor.lanes[index] ELSE $lanes[index] END],
  cursor.coverage = $coverage
