/** What a process listens on, from the kernel's own tables. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The addresses (hexadecimal, as the kernel prints them) and ports of the process's listening TCP sockets. */
export function listening(pid: number): { address: string; port: number }[] {
  const inodes = new Set<string>()
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/)?.[1]
    if (inode) inodes.add(inode)
  }
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && inode !== undefined && inodes.has(inode))
      .map(([, local]) => {
        const [address = '', port = ''] = (local ?? '').split(':')
        return { address, port: Number.parseInt(port, 16) }
      }),
  )
}

/** 127.0.0.1, in an IPv4 table and mapped into an IPv6 one (which is where the JVM opens it). */
export const loopback = ['0100007F', '0000000000000000FFFF00000100007F']
