import type { KubeConfig } from '@kubernetes/client-node'
import { ApiError, get, getJson } from '../../reflector/request.ts'
import type { DoctorLine } from '../collector.ts'
import { type AnyKind, nameOf } from './kind.ts'

/** Nothing has that name, so that little comes of it. */
const none = 'fieldSelector=metadata.name%3D-'
const asked = { list: `limit=1&${none}`, watch: `watch=1&timeoutSeconds=1&${none}` }

/** A server that does not answer is said once, not for each kind. `/version` needs no rights but to be known. */
export async function whyAway(kubeConfig: KubeConfig): Promise<DoctorLine | null> {
  try {
    await getJson(kubeConfig, '/version', AbortSignal.timeout(10_000))
    return null
  } catch (error) {
    if (error instanceof ApiError) return null
    const server = kubeConfig.getCurrentCluster()?.server ?? 'no server'
    return {
      subject: 'kubernetes API',
      state: 'missing',
      detail: `${server} can't be asked (${(error as Error).message}). Nothing of the cluster is known.`,
      remedy: 'start it, or set KUBECONFIG to the kubeconfig of another',
    }
  }
}

/** Of each kind whether the API has it and lets us list and watch it. */
export const doctorLines = (kubeConfig: KubeConfig, kinds: readonly AnyKind[]): Promise<DoctorLine[]> =>
  Promise.all(kinds.map((kind) => line(kubeConfig, kind)))

async function line(kubeConfig: KubeConfig, kind: AnyKind): Promise<DoctorLine> {
  const name = nameOf(kind)
  const subject = `kubernetes ${name}`
  const without = `Without them nothing that rests on ${name} is known; all else is`
  const refused: string[] = []
  for (const [verb, query] of Object.entries(asked)) {
    try {
      const response = await get(kubeConfig, `${kind.path}?${query}`, AbortSignal.timeout(10_000))
      response.destroy()
    } catch (error) {
      const status = error instanceof ApiError ? error.httpStatus : undefined
      if (status === 404)
        return { subject, state: 'degraded', detail: `this API server does not have ${kind.path}. ${without}.` }
      if (status !== 403) {
        const detail = `${(error as Error).message}. ${without}.`
        return { subject, state: 'missing', detail, remedy: 'check KUBECONFIG, and that the API server can be reached' }
      }
      refused.push(verb)
    }
  }
  if (!refused.length) return { subject, state: 'ok', detail: 'can be listed and watched' }
  return {
    subject,
    state: 'missing',
    detail: `not allowed to ${refused.join(' and ')}. ${without}.`,
    remedy: 'allow list and watch: agent/collectors/kubernetes/README.md has the ClusterRole',
  }
}
