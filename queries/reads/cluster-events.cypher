// All events of a cluster in [$from, $to), as known at $known.
CYPHER 5
MATCH (event:Event)
WHERE event.cluster = $cluster AND event.at >= $from AND event.at < $to AND event.recordedAt <= $known
RETURN event {.*} AS event ORDER BY event.at, event.id LIMIT $limit
