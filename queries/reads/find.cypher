// Objects of a namespaced kind by name: those seen by $at as known at $known with their newest state, and those that were not.
// A name is taken again and again, so each is looked at before the most are taken: of the seen what is there, then what went
// last; of the others what is only referred to, then what ran last by the word of its containers.
CYPHER 5
CALL () {
  MATCH (object:__Kind__ {cluster: $cluster, namespace: $namespace, name: $name})
  WHERE $workloadKind IS NULL OR toLower(object.workloadKind) = toLower($workloadKind)
  CALL (object) {
    MATCH (state:State)
    WHERE state.key = object.key AND state.at <= $at AND state.stale IS NULL AND state.recordedAt <= $known
    RETURN state ORDER BY state.key DESC, state.at DESC, state.version DESC LIMIT 1
  }
  RETURN object, state, null AS ranAt ORDER BY coalesce(state.deleted, false), state.at DESC LIMIT $limit
  UNION ALL
  MATCH (object:__Kind__ {cluster: $cluster, namespace: $namespace, name: $name})
  WHERE ($workloadKind IS NULL OR toLower(object.workloadKind) = toLower($workloadKind))
    AND NOT EXISTS {
      MATCH (state:State)
      WHERE state.key = object.key AND state.at <= $at AND state.stale IS NULL AND state.recordedAt <= $known
    }
  CALL (object) {
    MATCH (object)-[runs:RUNS WHERE runs.from <= $at AND runs.recordedFrom <= $known < runs.recordedTo]->()
    RETURN max(runs.from) AS ranAt
  }
  RETURN object, null AS state, ranAt
  ORDER BY coalesce(object.missing, object.unwatched, false) DESC, coalesce(ranAt, 0) DESC LIMIT $limit
}
RETURN object {.*} AS object, state {.*} AS state, ranAt
