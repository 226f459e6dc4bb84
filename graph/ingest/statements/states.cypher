CYPHER 5
UNWIND $rows AS row
CREATE (:State {id: row.id, key: row.key, cluster: row.cluster, at: row.at, version: row.version,
  uncertainty: row.uncertainty, source: row.source, deleted: row.deleted, inferred: row.inferred, leftOut: row.leftOut, stale: row.stale,
  body: row.body, relations: row.relations, recordedAt: row.recordedAt, lane: row.lane, arrival: row.arrival})
