// Anchors that share a key with an event and are near it in time. How far a wide stamp reaches, no index by time tells: of the few
// anchors of a key that have one, each is looked at.
CYPHER 5
UNWIND $rows AS row
CALL (row) {
  MATCH (anchor:__Label__)
  WHERE anchor.__property__ = row.key AND anchor.at >= row.from AND anchor.at <= row.to
  RETURN anchor.id AS id
  UNION
  MATCH (anchor:__Label__)
  USING INDEX SEEK anchor:__Label__(__property__, uncertainty)
  WHERE anchor.__property__ = row.key AND anchor.uncertainty > $sharp
    AND anchor.at <= row.to AND anchor.at + anchor.uncertainty >= row.from
  RETURN anchor.id AS id
}
RETURN DISTINCT id
