// What the engine finds its way by, beside the schema derived from the model.
CYPHER 5 CREATE CONSTRAINT cursor_key IF NOT EXISTS FOR (n:Cursor) REQUIRE n.key IS UNIQUE;
CYPHER 5 CREATE INDEX state_lane_arrival IF NOT EXISTS FOR (n:State) ON (n.lane, n.arrival);
CYPHER 5 CREATE INDEX gap_lane_arrival IF NOT EXISTS FOR (n:Gap) ON (n.lane, n.arrival);
CYPHER 5 CREATE INDEX loss_lane_arrival IF NOT EXISTS FOR (n:Loss) ON (n.lane, n.arrival);
CYPHER 5 CREATE INDEX occurrence_scope_at IF NOT EXISTS FOR (n:Occurrence) ON (n.scope, n.at);
CYPHER 5 CREATE INDEX occurrence_wide_in_until IF NOT EXISTS FOR (n:Occurrence) ON (n.wideIn, n.until);
CYPHER 5 CREATE INDEX occurrence_open_in IF NOT EXISTS FOR (n:Occurrence) ON (n.openIn);
CYPHER 5 CREATE INDEX occurrence_unseen_in_at IF NOT EXISTS FOR (n:Occurrence) ON (n.unseenIn, n.at);
CYPHER 5 CREATE INDEX occurrence_incident_at IF NOT EXISTS FOR (n:Occurrence) ON (n.incidentId, n.at);
CYPHER 5 CREATE INDEX occurrence_unfinished_in IF NOT EXISTS FOR (n:Occurrence) ON (n.unfinishedIn);
