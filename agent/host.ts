/** Who this machine is. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { HostIdentity, Log } from './collectors/collector.ts'

const MACHINE_ID_FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id']

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}

/** The machine id as systemd defines it: 32 hex digits. A node's status.nodeInfo.machineID is the same. */
const machineId = (): string | undefined => MACHINE_ID_FILES.map(textOf).find((text) => /^[0-9a-f]{32}$/.test(text))

/** Made once and kept, where the machine has no id of its own (some containers). */
const inventedId = (dataDir: string, log: Log): string => {
  const file = join(dataDir, 'host-id')
  const kept = textOf(file)
  if (kept !== '') return kept
  const id = randomBytes(16).toString('hex')
  writeFileSync(file, `${id}\n`)
  log.warn(
    { id },
    `${MACHINE_ID_FILES[0]} has no machine id: this host has an invented one and is not joined to its Kubernetes node. Mount the node's file, or set AITIA_HOST_ID.`,
  )
  return id
}

/** @param hostId what AITIA_HOST_ID says, if anything */
export const identify = (hostId: string | undefined, dataDir: string, log: Log): HostIdentity => ({
  key: hostId ?? machineId() ?? inventedId(dataDir, log),
  hostname: hostname(),
  bootId: textOf('/proc/sys/kernel/random/boot_id'),
})
