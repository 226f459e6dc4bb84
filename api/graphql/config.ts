/** Where the API listens, from the environment. */

export interface ApiConfig {
  /** Loopback unless told: the API has no users and no passwords. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** True where the port was asked for, so that no other will do. */
  readonly portAsked: boolean
}

/** AITIA_API_HOST (`127.0.0.1`; Node takes an empty one for all interfaces) and AITIA_API_PORT (4747). */
export const apiConfig = (environment: NodeJS.ProcessEnv = process.env): ApiConfig => {
  const port = Number(environment.AITIA_API_PORT || 4747)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`AITIA_API_PORT is ${environment.AITIA_API_PORT}, expected 0 to 65535`)
  return {
    host: environment.AITIA_API_HOST || '127.0.0.1',
    port,
    portAsked: !!environment.AITIA_API_PORT,
  }
}
