/** For tests: a small cluster on a real API server, and what may happen to it. */
import fc from 'fast-check'
import type { Api } from './api.ts'
import { at, type Meta, ownerOf, ready, running } from './manifests.ts'
import { OWNERS, PODS, podOf, REFERRERS, THINGS } from './things.ts'

/** A thing that is there in that form goes, else it is there in that form then. What happens to a pod needs the pod. */
export const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('turn' as const),
      words: fc.constantFrom(...Object.keys(THINGS)),
      form: fc.nat(1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom('create', 'create', 'remove', 'relabel', 'restart', 'adopt', 'debug'),
      words: fc.constantFrom(...PODS),
      form: fc.nat(1),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

export class SmallCluster {
  readonly #api: Api
  /** What is there, and in which form. */
  readonly #there = new Map<string, number>()
  #made = 0

  constructor(api: Api) {
    this.#api = api
  }

  /** Nothing is there but what refers to something, all of which is missing. */
  async begin(): Promise<void> {
    if (this.#there.size > 0) await this.#remove(...this.#there.keys())
    for (const words of REFERRERS) await this.#make(words, 0)
    for (const [form, words] of PODS.entries()) await this.#create(words, form)
  }

  /** All is there; pods are others than before, each in a form of its own. */
  async complete(): Promise<void> {
    for (const words of Object.keys(THINGS)) if (!this.#there.has(words)) await this.#make(words, 0)
    for (const [form, words] of PODS.entries()) await this.#create(words, form)
  }

  async play({ what, words, form }: Step): Promise<void> {
    const name = words.split(' ')[1]!
    if (what === 'turn') await this.#turn(words, form % THINGS[words]!.forms.length)
    else if (what === 'create') await this.#create(words, form)
    else if (!this.#there.has(words)) return
    else if (what === 'remove') await this.#remove(words)
    else if (what === 'relabel')
      await this.#api.kubectl('label', 'pod', name, '--overwrite', `app=${form === 0 ? 'x' : 'y'}`)
    else if (what === 'restart') await this.#startIn(name)
    else if (what === 'adopt') {
      const metadata = { ownerReferences: await this.#ownersOf(OWNERS[form]!) }
      await this.#api.kubectl('patch', 'pod', name, '--type=merge', '-p', JSON.stringify({ metadata }))
    } else await this.#debug(name, form === 0)
  }

  async #turn(words: string, form: number): Promise<void> {
    const before = this.#there.get(words)
    if (before === form || (before !== undefined && THINGS[words]!.isFixed)) await this.#remove(words)
    if (before !== form) await this.#make(words, form)
  }

  async #remove(...all: string[]): Promise<void> {
    for (const words of all) this.#there.delete(words)
    await this.#api.kubectl('delete', ...all.map((words) => words.replace(' ', '/')), '--force', '--grace-period=0')
  }

  async #make(words: string, form: number): Promise<void> {
    const { forms, owner, statuses } = THINGS[words]!
    const manifest = forms[form]!
    const ownerReferences = owner === undefined ? [] : await this.#ownersOf(owner)
    this.#there.set(words, form)
    await this.#api.apply({ ...manifest, metadata: { ...manifest.metadata, ownerReferences } })
    if (statuses) await this.#api.setStatus(manifest.kind, manifest.metadata.name, statuses[form]!)
  }

  async #create(words: string, form: number): Promise<void> {
    if (this.#there.has(words)) await this.#remove(words)
    const name = words.split(' ')[1]!
    const { metadata, ...others } = podOf(name, form)
    const ownerReferences = await this.#ownersOf(OWNERS[form]!)
    this.#there.set(words, form)
    await this.#api.apply({ ...others, metadata: { ...metadata, ownerReferences } })
    await this.#startIn(name)
  }

  /** An address is had by one pod after the other. */
  async #startIn(name: string): Promise<void> {
    const made = ++this.#made
    const ip = `10.1.0.${made % 4}`
    const status = { ...running(`${name}-${made}`, at(made % 60), made), ...ready('True', at(1)) }
    await this.#api.setStatus('pod', name, { ...status, podIP: ip, podIPs: [{ ip }] })
  }

  /** The one way in which what a pod reads differs while it lives. */
  async #debug(name: string, optional: boolean): Promise<void> {
    const container = { name: `debug-${++this.#made}`, image: 'shop/app:1' }
    const envFrom = [{ secretRef: { name: 'keys', optional } }]
    const ephemeralContainers = [{ ...container, envFrom }]
    await this.#api.kubectl(
      ...['patch', 'pod', name, '--subresource=ephemeralcontainers', '-p'],
      JSON.stringify({ spec: { ephemeralContainers } }),
    )
  }

  async #ownersOf(words: string): Promise<object[]> {
    if (!this.#there.has(words)) return []
    const { apiVersion, kind, metadata } = THINGS[words]!.forms[0]!
    const owner: Meta = JSON.parse(await this.#api.kubectl('get', kind, metadata.name, '-o', 'json'))
    return [ownerOf(String(apiVersion), kind, metadata.name, owner)]
  }
}
