// When given sources of a cluster were not watching within [$from, $to], by their own word as known at $known.
CYPHER 5
UNWIND $sources AS source
MATCH (gap:Gap {cluster: $cluster, source: source}) WHERE gap.to >= $from AND gap.from <= $to AND gap.recordedAt <= $known
RETURN gap {.*} AS gap ORDER BY gap.from
