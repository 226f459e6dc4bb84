// How far one session of a source has spoken in this lane. Older heartbeats that come later change nothing.
CYPHER 5
UNWIND $rows AS row
MERGE (c:Coverage {id: row.id})
ON CREATE SET c += row.properties, c.to = row.to, c.ended = row.ended, c.heardAt = row.heardAt, c.counters = row.counters, c.blind = row.blind
ON MATCH SET c.counters = CASE WHEN row.heardAt > c.heardAt THEN row.counters ELSE c.counters END,
  c.blind = CASE WHEN row.heardAt > c.heardAt THEN row.blind ELSE c.blind END,
  c.to = CASE WHEN row.to > c.to THEN row.to ELSE c.to END,
  c.ended = c.ended OR row.ended,
  c.heardAt = CASE WHEN row.heardAt > c.heardAt THEN row.heardAt ELSE c.heardAt END
