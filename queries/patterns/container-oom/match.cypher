CYPHER 5
// (memoryPressure)-->(oomKill)-->(processExit)-->(containerTerminated), all about one run of a container: its id joins them.
// The container's pod, its owners and its Services are those of the time of the kill. A kill that only the kernel's log told of lies
// somewhere in [at, at + uncertainty].
UNWIND $anchors AS anchorId
MATCH (oomKill:Event&OomKill {id: anchorId})-[:ABOUT]->(container:Container)
WHERE oomKill.recordedAt <= $known AND NOT oomKill.id IN $without

// The last window of reclaims that may have begun before the kill.
OPTIONAL CALL (oomKill) {
  MATCH (memoryPressure:MemoryPressure)
  WHERE memoryPressure.objectKey = oomKill.objectKey
    AND memoryPressure.at >= oomKill.at - $steps.memoryPressure.before
    AND memoryPressure.at <= oomKill.at + oomKill.uncertainty
    AND memoryPressure.recordedAt <= $known AND NOT memoryPressure.id IN $without
  RETURN memoryPressure ORDER BY memoryPressure.objectKey DESC, memoryPressure.at DESC LIMIT 1
}

// A run of a container ends once, and its end evidences one kill: that of the first process, else the last one before it. One that
// is known to be the first process's was told by a program, at its exact time: none of those lies further back than the window.
CALL (oomKill) {
  OPTIONAL MATCH (other:OomKill)
  WHERE other.objectKey = oomKill.objectKey
    AND other.at >= oomKill.at - $steps.containerTerminated.after
    AND other.at <= oomKill.at + oomKill.uncertainty + $steps.containerTerminated.after
    AND other.id <> oomKill.id
    AND other.recordedAt <= $known AND NOT other.id IN $without
  WITH oomKill, other,
    coalesce(oomKill.firstProcessKilled, false) AS first, coalesce(other.firstProcessKilled, false) AS otherFirst
  WHERE otherFirst AND NOT first
     OR otherFirst = first
       AND (other.at > oomKill.at OR other.at = oomKill.at AND other.id > oomKill.id)
  RETURN collect(CASE WHEN otherFirst THEN {at: -1} ELSE other {.at, .bootClock} END) AS claims
}

// The end of the first process, as the kernel saw it: a run has one. It is this kill's unless a later kill claims it, or a child
// was the victim and KILL (9) or TERM (15) ended it: these come from outside. The boot clock orders the two also where the wall
// clock was set back in between; a kill that only the log told of has no such stamp.
CALL (oomKill, claims) {
  OPTIONAL MATCH (processExit:ProcessExit)
  WHERE processExit.objectKey = oomKill.objectKey
    AND processExit.at >= oomKill.at - $steps.processExit.before
    AND processExit.at <= oomKill.at + oomKill.uncertainty + $steps.processExit.after
    AND processExit.firstProcess IN $steps.processExit.where.firstProcess
    AND processExit.recordedAt <= $known AND NOT processExit.id IN $without
  WITH oomKill, claims, processExit ORDER BY processExit.objectKey, processExit.at LIMIT 1
  RETURN processExit IS NOT NULL AS endSeen,
    CASE WHEN coalesce(processExit.bootClock >= oomKill.bootClock, processExit.at + processExit.uncertainty >= oomKill.at)
      AND (NOT processExit.signal IN [9, 15] OR coalesce(oomKill.firstProcessKilled, processExit.pid IN oomKill.victimPids))
      AND none(claim IN claims
        WHERE coalesce(processExit.bootClock >= claim.bootClock, processExit.at + processExit.uncertainty >= claim.at))
    THEN processExit END AS processExit
}

// The end of the run. Kubernetes' stamp is an interval; OOMKilled is told by the reason alone, the exit code may be 0.
// Where the kernel saw the first process end, that says whose end it was, and any reason will do: the runtime may miss the kill,
// and it says OOMKilled of whatever ends a container of which a child was killed. Else the reason says it, of an end that
// surely lies within the window: a kill after it can't claim that too.
OPTIONAL CALL (oomKill, claims, endSeen, processExit) {
  MATCH (containerTerminated:ContainerTerminated)
  WHERE containerTerminated.objectKey = oomKill.objectKey
    AND containerTerminated.at >= oomKill.at - $steps.containerTerminated.before
    AND containerTerminated.at + containerTerminated.uncertainty >= oomKill.at
    AND containerTerminated.at <= oomKill.at + oomKill.uncertainty + $steps.containerTerminated.after
    AND (processExit IS NOT NULL
      OR NOT endSeen AND containerTerminated.reason IN $steps.containerTerminated.where.reason
        AND containerTerminated.at + containerTerminated.uncertainty <= oomKill.at + oomKill.uncertainty + $steps.containerTerminated.after
        AND none(claim IN claims WHERE claim.at <= containerTerminated.at + containerTerminated.uncertainty))
    AND containerTerminated.recordedAt <= $known AND NOT containerTerminated.id IN $without
  RETURN containerTerminated LIMIT 1
}

OPTIONAL MATCH (pod:Pod)-[runs:RUNS WHERE runs.recordedFrom <= $known < runs.recordedTo]->(container)

// A Node that owns a static pod is no workload. An owner or a Service's slice that was first seen after the kill counts as far
// back as it may have been there; an owner that surely was there comes first.
CALL (oomKill, pod) {
  OPTIONAL MATCH chain = (pod)
    (()<-[owns:OWNS WHERE owns.from - owns.uncertainty <= oomKill.at < owns.to AND owns.recordedFrom <= $known < owns.recordedTo]-(:Workload)){0,8}
    (top:Object)
  WHERE NOT EXISTS {
    (top)<-[up:OWNS WHERE up.from - up.uncertainty <= oomKill.at < up.to AND up.recordedFrom <= $known < up.recordedTo]-(:Workload)
  }
  RETURN tail(nodes(chain)) AS owners
  ORDER BY size([owns IN relationships(chain) WHERE owns.from > oomKill.at]), top.key LIMIT 1
}
CALL (oomKill, pod) {
  OPTIONAL MATCH (pod)<-[selects:SELECTS WHERE selects.from - selects.uncertainty <= oomKill.at < selects.to AND selects.recordedFrom <= $known < selects.recordedTo]-(service:Service)
  RETURN collect(DISTINCT service) AS services
}
WITH *,
  CASE WHEN processExit IS NULL THEN containerTerminated.exitCode
       WHEN processExit.signal > 0 THEN 128 + processExit.signal
       ELSE processExit.exitCode END AS exitCode
RETURN oomKill.id AS anchor, memoryPressure, oomKill, processExit, containerTerminated,
  CASE
    // What the node gives to all pods together is the node's memory too.
    WHEN oomKill.global OR oomKill.limitOf = 'node' THEN 'global'
    WHEN oomKill.firstProcessKilled THEN 'main killed'
    // Only the kernel log told, and it does not say which process of the container the victim was.
    WHEN oomKill.firstProcessKilled IS NULL AND (processExit IS NOT NULL OR containerTerminated IS NOT NULL)
      THEN 'killed, main or child unknown, container ended'
    WHEN oomKill.firstProcessKilled IS NULL THEN 'killed, container survived'
    WHEN processExit IS NOT NULL OR containerTerminated IS NOT NULL THEN 'child killed, main exited ' + toString(exitCode)
    ELSE 'child killed, container survived'
  END AS outcome,
  [{object: container, role: 'container'}] +
    CASE WHEN pod IS NULL THEN [] ELSE [{object: pod, role: 'pod'}] END +
    [index IN range(0, size(coalesce(owners, [])) - 1) |
      {object: owners[index], role: CASE WHEN index = size(owners) - 1 THEN 'workload' ELSE 'owner' END}] +
    [service IN services | {object: service, role: 'service'}] AS affected
