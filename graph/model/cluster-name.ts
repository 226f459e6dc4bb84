/** Which names clusters may have: a name is the first part of all keys and ids. */

/** Clusters of patterns' cases: a running correlator leaves them to the test that made them. */
export const CASE_PREFIX = 'case-'

/** One that is there is being tested, or was left by a run that was killed: no message proposes it. */
export const isOfCase = (cluster: string): boolean => cluster.startsWith(CASE_PREFIX)

/** Clusters of replays: not shown unless asked for, removed by their name. */
export const REPLAY_PREFIX = 'replay-'

const RESERVED = [CASE_PREFIX, REPLAY_PREFIX]

/** What is wrong with a cluster's name, or null. */
export const faultOfClusterName = (name: unknown): string | null =>
  typeof name === 'string' && /^[^\s/]+$/.test(name)
    ? null
    : `cluster: got ${JSON.stringify(name) ?? 'nothing'}, expected a name without / or space`

/** The same for a cluster that an agent watches. */
export const faultOfWatchedName = (name: string): string | null => {
  const reserved = RESERVED.find((prefix) => name.startsWith(prefix))
  return reserved === undefined
    ? faultOfClusterName(name)
    : `cluster: got ${JSON.stringify(name)}, expected a name that does not begin with ${reserved}, as those of ${reserved === CASE_PREFIX ? "patterns' cases" : 'replays'} do`
}
