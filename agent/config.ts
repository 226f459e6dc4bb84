/** What the agent learns from the environment; collectors look for their own settings in what they are given. */

export const environment: Readonly<Record<string, string | undefined>> = process.env

/** Key of this host where several "nodes" share a machine; else the machine id. */
export const hostId = environment.AITIA_HOST_ID || undefined
