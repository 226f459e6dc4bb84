import type { TestContext } from 'node:test'
import { type ApiServerOnly, startControlPlane } from '../../../../test/cluster/control-plane.ts'
import type { Settings } from '../config.ts'
import { Harness } from './harness.ts'
import { type Meta, ownerOf } from './manifests.ts'

export interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly [member: string]: unknown }
  readonly [member: string]: unknown
}

/** For tests: a real kube-apiserver, and what a cluster's users, controllers and kubelets would write to it. */
export class Api {
  readonly server: ApiServerOnly

  private constructor(server: ApiServerOnly) {
    this.server = server
  }

  static async start(...apiServerArgs: string[]): Promise<Api> {
    return new Api(await startControlPlane({ apiServerArgs }))
  }

  stop(): Promise<void> {
    return this.server.stop()
  }

  kubectl(...words: string[]): Promise<string> {
    return this.server.kubectl(...words)
  }

  apply(manifest: object): Promise<void> {
    return this.server.apply(manifest)
  }

  async create(manifest: Manifest): Promise<Meta> {
    await this.apply(manifest)
    return JSON.parse(await this.kubectl('get', manifest.kind, manifest.metadata.name, '-o', 'json'))
  }

  setStatus(kind: string, name: string, status: object): Promise<string> {
    return this.kubectl('patch', kind, name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }))
  }

  remove(kind: string, ...names: string[]): Promise<string> {
    return this.kubectl('delete', kind, ...names, '--force', '--grace-period=0')
  }

  /** A watcher that runs until the test ends; all that it emitted is checked against the model then. */
  async watch(t: TestContext, user?: string, settings?: Settings): Promise<Harness> {
    const harness = new Harness(this.server, user)
    t.after(() => harness.end())
    await harness.start('test', undefined, settings)
    return harness
  }

  /** Defines a kind of owners, and makes one with three replicas. */
  async createCustom(group: string, kind: string, name: string) {
    const singular = kind.toLowerCase()
    await this.create({
      ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
      metadata: { name: `${singular}s.${group}` },
      spec: {
        ...{ group, scope: 'Namespaced', names: { plural: `${singular}s`, singular, kind } },
        versions: [
          {
            ...{ name: 'v1', served: true, storage: true },
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    })
    await this.kubectl('wait', '--for=condition=Established', `crd/${singular}s.${group}`)
    await this.apply({
      ...{ apiVersion: `${group}/v1`, kind, metadata: { name, namespace: 'default' } },
      ...{ spec: { replicas: 3 } },
    })
    const resource = `${singular}s.${group}`
    const made: Meta = JSON.parse(await this.kubectl('get', resource, name, '-o', 'json'))
    return { resource, uid: made.metadata.uid, owner: ownerOf(`${group}/v1`, kind, name, made) }
  }
}
