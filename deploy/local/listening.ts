/** What a process listens on, from the kernel's own tables. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** 127.0.0.1, in an IPv4 table and mapped into an IPv6 one (which is where the JVM opens it). */
export const loopback = ['0100007F', '0000000000000000FFFF00000100007F']

/**
 * The addresses (hexadecimal, as the kernel prints them) and ports of the process's listening TCP sockets. Nothing for a
 * process that ends while we look: whoever waits for a socket asks again.
 */
export function listening(pid: number): { address: string; port: number }[] {
  return orNothing(() => {
    const inodes = socketsOf(pid)
    return ['tcp', 'tcp6'].flatMap((table) => rowsOf(pid, table).filter(({ inode }) => inodes.has(inode)))
  })
}

/** What `/proc` tells, or nothing of what is gone by now. */
function orNothing<T>(look: () => T[]): T[] {
  try {
    return look()
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

/** Inodes of the process's sockets; others of its files may be closed while we look. */
function socketsOf(pid: number): Set<string | undefined> {
  const targets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) =>
    orNothing(() => [readlinkSync(`/proc/${pid}/fd/${fd}`)]),
  )
  return new Set(targets.map((target) => target.match(/^socket:\[(\d+)\]$/)?.[1]))
}

/** `sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode ...`; state 0A is LISTEN. */
function rowsOf(pid: number, table: string) {
  const lines = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)
  const fields = lines.map((line) => line.trim().split(/\s+/)).filter(([, , , state]) => state === '0A')
  return fields.map(([, local = '', , , , , , , , inode]) => {
    const [address = '', port = ''] = local.split(':')
    return { address, port: Number.parseInt(port, 16), inode }
  })
}
