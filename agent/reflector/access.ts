import type { KubeConfig } from '@kubernetes/client-node'
import { askJson } from './request.ts'

/** What is to be done, as `authorization.k8s.io/v1` has it in ResourceAttributes. */
export interface Access {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
}

/** `authorization.k8s.io/v1` SelfSubjectAccessReview, as far as it is read here. */
interface Review {
  readonly status?: { readonly allowed: boolean }
}

const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

/** Whether the API would let us. It is asked for our rights: nothing is written. */
export async function isAllowed(
  kubeConfig: KubeConfig,
  access: Access,
  stop = new AbortController().signal,
): Promise<boolean> {
  const body = {
    ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' },
    spec: { resourceAttributes: access },
  }
  const { status } = await askJson<Review>(kubeConfig, { method: 'POST', path, body }, stop)
  return status?.allowed === true
}
