/** Where Neo4j is, from the environment. */

export interface StoreConfig {
  /** `bolt://host:port`, or `neo4j://` for routing. */
  readonly uri: string
  readonly user: string
  readonly password: string
}

/** AITIA_NEO4J_URI, AITIA_NEO4J_USER (`neo4j`) and AITIA_NEO4J_PASSWORD. Throws where the address or the password is not set. */
export const storeConfig = (environment: NodeJS.ProcessEnv = process.env): StoreConfig => {
  const { AITIA_NEO4J_URI: uri, AITIA_NEO4J_USER: user = 'neo4j', AITIA_NEO4J_PASSWORD: password } = environment
  const unset = [uri ? '' : 'AITIA_NEO4J_URI', password ? '' : 'AITIA_NEO4J_PASSWORD'].filter((name) => name !== '')
  if (!uri || !password)
    throw new Error(
      `Neo4j: ${unset.join(' and ')} not set, expected its address (bolt://host:7687) and password. \`aitia up\` starts one and sets them.`,
    )
  return { uri, user, password }
}
