// Anchors that share a key with an event and are near it in time.
CYPHER 5
UNWIND $rows AS row
CALL (row) {
  MATCH (anchor:__Label__)
  WHERE anchor.__property__ = row.key AND anchor.at >= row.from AND anchor.at <= row.to
  RETURN anchor.id AS id
}
RETURN DISTINCT id
