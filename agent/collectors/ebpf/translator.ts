/** Kernel records become observations: attributed to a container, in wall clock time, with ids that no restart repeats. */

import type { EventName } from '../../../graph/model/generated/types.ts'
import * as wire from '../../../graph/model/generated/wire.ts'
import { type EventObservation, type ObjectRef, type Observation, sourceOf } from '../../../graph/model/observation.ts'
import { now } from '../../../graph/model/time.ts'
import type { CgroupEntry, CgroupIndex } from '../../attribution/cgroup-index.ts'
import { mayBeFirst, ownerOfLimit } from '../../attribution/cgroup-path.ts'
import type { Kernel } from '../../native/native.ts'
import type { HostIdentity } from '../collector.ts'
import type { BootClock } from './clock.ts'
import { type Invocation, Invocations } from './invocation.ts'
import { Pressures, type ToldPressure } from './pressure.ts'
import type { SavedState } from './saved-state.ts'

const { RECORDS } = wire
// constants of their own: the loop over records is the one hot path here
const CGROUP_CREATED = RECORDS['cgroup-created'].kind
const CGROUP_REMOVED = RECORDS['cgroup-removed'].kind
const PROCESS_EXEC = RECORDS['process-exec'].kind
const PROCESS_EXIT = RECORDS['process-exit'].kind
const MEMORY_PRESSURE = RECORDS['memory-pressure'].kind
const OOM_KILL = RECORDS['oom-kill'].kind

/** Where in the kernel's order a record stands. */
interface Place {
  readonly bootNs: number
  readonly cpu: number
  readonly sequence: number
}

type About = Pick<EventObservation, 'object' | 'pod' | 'containerName' | 'unattributed'>

export class Translator {
  /** Records that made no event, by why. */
  readonly skipped = { host: 0, pod: 0, sandbox: 0, 'unknown-cgroup': 0, 'unknown-kind': 0, 'inner-process': 0 }
  /** Victims so far in this run. */
  kills = 0
  readonly #victims: Map<number, number>
  readonly #host: HostIdentity
  readonly #clock: BootClock
  readonly #cgroups: CgroupIndex
  readonly #invocations = new Invocations()
  readonly #pressures = new Pressures()
  readonly #claimed = new WeakSet<CgroupEntry>()
  readonly #ring: Pick<Kernel, 'leaveOut' | 'heed'>

  /**
   * @param ring is told what need not be read from it: a cgroup never begins to be a pod's
   * @param victims of earlier runs in the same boot
   */
  constructor(
    host: HostIdentity,
    clock: BootClock,
    cgroups: CgroupIndex,
    ring: Pick<Kernel, 'leaveOut' | 'heed'>,
    victims: SavedState['victims'] = [],
  ) {
    this.#ring = ring
    this.#victims = new Map(victims)
    this.#host = host
    this.#clock = clock
    this.#cgroups = cgroups
  }

  /** Victims of the last kills, by pid, with their boot clock in ns. */
  get victims(): ReadonlyMap<number, number> {
    return this.#victims
  }

  /** The victim of a kill that is told. */
  noteVictim(pid: number, bootNs: number): void {
    this.#victims.delete(pid) // a pid that is used again is the newest
    this.#victims.set(pid, bootNs)
    if (this.#victims.size > 256) this.#victims.delete(this.#victims.keys().next().value as number)
  }

  /** Boot clock in ns of the earliest record that is held back; null if none is. */
  get heldSince(): number | null {
    return this.#invocations.openSince
  }

  /** The observations that a batch's records make. Most records make none, and no object either. */
  translate(view: DataView, bytes: number): Observation[] {
    const told: Observation[] = []
    for (let offset = 0, size = 0; offset < bytes; offset += size) {
      size = view.getUint16(offset + 2, true)
      if (size < wire.HEADER_SIZE)
        throw new Error(`a kernel record says that it has ${size} bytes: expected at least ${wire.HEADER_SIZE}`)
      switch (view.getUint16(offset, true)) {
        case CGROUP_CREATED:
          this.#cgroups.created(cgroupOf(view, offset), wire.decodeCgroupCreated(view, offset).path)
          break
        case CGROUP_REMOVED:
          this.#cgroups.removed(cgroupOf(view, offset))
          this.#pressures.removed(cgroupOf(view, offset))
          this.#ring.heed(cgroupOf(view, offset))
          break
        case PROCESS_EXEC:
          this.#exec(view, offset, told)
          break
        case PROCESS_EXIT:
          this.#exit(view, offset, told)
          break
        case MEMORY_PRESSURE:
          this.#pressure(
            this.#pressures.add({ ...wire.decodeHeader(view, offset), ...wire.decodeMemoryPressure(view, offset) }),
            told,
          )
          break
        case OOM_KILL:
          this.#kill(view, offset, told)
          break
        default:
          this.skipped['unknown-kind']++
      }
    }
    return told
  }

  /** What was held back and is whole by now. @param completeNs boot clock: all records made before it were translated */
  settle(completeNs: number): Observation[] {
    const told: Observation[] = []
    for (const invocation of this.#invocations.settle(completeNs)) this.#tellKill(invocation, told)
    return told
  }

  /** Everything that is held back. */
  close(): Observation[] {
    const told: Observation[] = []
    for (const invocation of this.#invocations.close()) this.#tellKill(invocation, told)
    return told
  }

  /** The cgroup of a record if it is a pod's; else the record is only counted, and those like it are left in the ring. */
  #podCgroup(kind: number, id: number): CgroupEntry | null {
    const cgroup = this.#cgroups.get(id)
    if (cgroup?.place.podUid !== undefined) return cgroup
    if (cgroup === undefined) this.skipped['unknown-cgroup']++
    else {
      this.skipped.host++
      this.#ring.leaveOut(kind, id)
    }
    return null
  }

  #exec(view: DataView, offset: number, told: Observation[]): void {
    const cgroup = this.#podCgroup(PROCESS_EXEC, cgroupOf(view, offset))
    if (cgroup === null) return
    const record = wire.decodeProcessExec(view, offset)
    if (!mayBeFirst(cgroup.place, record.nsPid)) {
      this.skipped['inner-process']++
      return
    }
    if (cgroup.runtime === undefined) this.#cgroups.started(cgroup, record.parentPid, record.command)
    const { startNs, pid, nsPid, command, file } = record
    const startBootClock = toMicroseconds(startNs)
    this.#tellOfContainer(
      'process-exec',
      wire.decodeHeader(view, offset),
      cgroup,
      { pid, nsPid, startBootClock, command, file },
      told,
      startNs,
    )
  }

  #exit(view: DataView, offset: number, told: Observation[]): void {
    const cgroup = this.#podCgroup(PROCESS_EXIT, cgroupOf(view, offset))
    if (cgroup === null) return
    const { startNs, pid, nsPid, command, exitCode, first } = wire.decodeProcessExit(view, offset)
    // as wait(2) has it: bit 7 says that a core was dumped
    const ended = { exitCode: (exitCode >> 8) & 0xff, signal: exitCode & 0x7f }
    const firstProcess = first === 1 && mayBeFirst(cgroup.place, nsPid)
    if (!firstProcess && ended.signal === 0) {
      this.skipped['inner-process']++
      return
    }
    const fields = { pid, nsPid, firstProcess, startBootClock: toMicroseconds(startNs), command, ...ended }
    this.#tellOfContainer('process-exit', wire.decodeHeader(view, offset), cgroup, fields, told)
  }

  #pressure(pressure: ToldPressure | null, told: Observation[]): void {
    if (pressure === null) return
    const { at } = this.#clock.toStamp(pressure.countedFromNs)
    const fields = {
      reclaims: pressure.reclaims,
      stalled: toMicroseconds(pressure.stalledNs),
      ...(pressure.countedFromNs !== pressure.firstNs && { countedFrom: at }),
      lastAt: this.#clock.toStamp(pressure.lastNs).at,
    }
    this.#tell('memory-pressure', pressure, this.#cgroups.get(pressure.cgroupId), fields, told, pressure.firstNs)
  }

  #kill(view: DataView, offset: number, told: Observation[]): void {
    const victim = { ...wire.decodeHeader(view, offset), ...wire.decodeOomKill(view, offset) }
    this.kills++
    this.noteVictim(victim.victimPid, victim.bootNs)
    this.#pressure(this.#pressures.beforeKill(victim.cgroupId), told)
    for (const invocation of this.#invocations.add(victim)) this.#tellKill(invocation, told)
  }

  #tellKill(victims: Invocation, told: Observation[]): void {
    const [first] = victims
    const cgroup = this.#cgroups.get(first.cgroupId)
    const limited = first.global === 1 ? undefined : this.#cgroups.get(first.limitCgroupId)
    const limitOf = cgroup && limited && ownerOfLimit(cgroup.place, limited.place)
    const fields = {
      global: first.global === 1,
      ...(first.global === 0 && { limitBytes: first.limitBytes, usageBytes: first.usageBytes }),
      ...(limited !== undefined && { limitCgroup: limited.path }),
      ...(limitOf !== undefined && { limitOf }),
      oomGroup: first.oomGroup === 1,
      firstProcessKilled: victims.some(
        ({ victimFirst, cgroupId, victimNsPid }) =>
          victimFirst === 1 && mayBeFirst(this.#cgroups.get(cgroupId)?.place, victimNsPid),
      ),
      triggerPid: first.triggerPid,
      triggerCommand: first.triggerCommand,
      victimPids: victims.map(({ victimPid }) => victimPid),
      victimNsPids: victims.map(({ victimNsPid }) => victimNsPid),
      victimCommands: victims.map(({ victimCommand }) => victimCommand),
      victimBytes: victims.map(({ victimBytes }) => victimBytes),
      victimStartBootClocks: victims.map(({ victimStartNs }) => toMicroseconds(victimStartNs)),
    }
    this.#tell('oom-kill', first, cgroup, fields, told)
  }

  /** For kinds that are only about containers. */
  #tellOfContainer<K extends EventName>(
    kind: K,
    place: Place,
    cgroup: CgroupEntry,
    fields: EventObservation<K>['fields'],
    told: Observation[],
    startNs?: number,
  ): void {
    const { unattributed } = this.#about(cgroup)
    if (unattributed !== undefined) {
      this.skipped[unattributed]++
    } else {
      this.#claim(cgroup, place.bootNs, startNs, told)
      this.#tell(kind, place, cgroup, fields, told)
    }
  }

  #tell<K extends EventName>(
    kind: K,
    { bootNs, cpu, sequence }: Place,
    cgroup: CgroupEntry | undefined,
    fields: EventObservation<K>['fields'],
    told: Observation[],
    atNs = bootNs,
  ): void {
    if (cgroup !== undefined) this.#claim(cgroup, bootNs, undefined, told)
    const { key, bootId } = this.#host
    told.push({
      type: 'event',
      kind,
      id: `${kind}/${key}/${bootId}/${cpu}/${sequence}`,
      ...this.#clock.toStamp(atNs),
      observedAt: now(),
      source: sourceOf('ebpf', key),
      host: key,
      bootId,
      bootClock: toMicroseconds(atNs),
      sequence,
      ...this.#about(cgroup),
      fields,
    })
  }

  /** Whose a cgroup is: a container's, or the pod's or the host's with the reason why no container's. */
  #about(cgroup: CgroupEntry | undefined): About {
    const host: ObjectRef = { kind: 'Host', key: this.#host.key, name: this.#host.hostname }
    if (cgroup === undefined) return { object: host, unattributed: 'unknown-cgroup' }
    const { containerId, podUid } = cgroup.place
    if (podUid === undefined) return { object: host, unattributed: 'host' }
    const runtime = this.#cgroups.runtimeOf(cgroup)
    const { podName: name, namespace, containerName } = runtime ?? {}
    const pod: ObjectRef = {
      kind: 'Pod',
      key: podUid,
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
    }
    if (containerId === undefined) return { object: pod, pod, unattributed: 'pod' }
    if (runtime?.sandbox) return { object: pod, pod, unattributed: 'sandbox' }
    const object: ObjectRef = {
      kind: 'Container',
      key: containerId,
      ...(containerName !== undefined && { name: containerName }),
    }
    return { object, pod, ...(containerName !== undefined && { containerName }) }
  }

  // (Pod)-[:RUNS]->(Container), for a container that the API may never show
  #claim(cgroup: CgroupEntry, bootNs: number, startNs: number | undefined, told: Observation[]): void {
    const { object, pod, containerName } = this.#about(cgroup)
    if (pod === undefined || object.kind !== 'Container' || this.#claimed.has(cgroup)) return
    this.#claimed.add(cgroup)
    const properties = containerName !== undefined && { containerName }
    const since = startNs !== undefined && { since: this.#clock.toStamp(startNs).at }
    told.push({
      type: 'state',
      object,
      at: this.#clock.toStamp(bootNs).at,
      version: 0,
      uncertainty: 0,
      source: sourceOf('ebpf', this.#host.key),
      body: { ...properties },
      relations: [{ kind: 'RUNS', from: pod, ...since, ...(properties && { properties }) }],
      pod,
    })
  }
}

const CGROUP_ID = 24

const cgroupOf = (view: DataView, offset: number): number =>
  view.getUint32(offset + CGROUP_ID, true) + view.getUint32(offset + CGROUP_ID + 4, true) * 2 ** 32

const toMicroseconds = (ns: number): number => Math.floor(ns / 1_000)
