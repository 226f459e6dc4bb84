/** A machine that lives for one command. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { INTERRUPTED } from '../../deploy/local/child.ts'
import { runTool } from '../../deploy/local/run-tool.ts'
import type { GuestKernel } from './kernel.ts'

const QEMU = 'qemu-system-x86_64'
const DISK_BYTES = 16 * 2 ** 30
/** What both this machine and that one can write: its place there, by which a test knows that it may break the machine. */
const SHARED = '/run/aitia-vm'

export interface Command {
  readonly words: readonly string[]
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** A file that the command writes there and that is wanted here, under the same path. */
  readonly result: string
}

/**
 * Whether this machine's processors run that of the guest. One that is a guest itself may have /dev/kvm without their being
 * able to: Debian's kernel doesn't get far then.
 */
export function acceleration(): { args: string[]; told: string } {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    if (!/^flags\s*:.*\b(vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))) throw new Error('no vmx and no svm')
    return { args: ['-accel', 'kvm', '-cpu', 'host'], told: 'run by KVM' }
  } catch (error) {
    const args = ['-accel', 'tcg,thread=multi', '-cpu', 'Nehalem']
    return { args, told: `emulated, which takes its time, since KVM can't be used: ${(error as Error).message}` }
  }
}

/** One word of a shell. */
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

const script = ({ words, folder, environment, result }: Command): string =>
  [
    `cd ${quoted(folder)}`,
    ...Object.entries(environment).flatMap(([name, value]) =>
      value === undefined ? [] : [`export ${name}=${quoted(value)}`],
    ),
    // left by an earlier run here, it would be taken for what this one says
    `rm -f ${quoted(result)}`,
    words.map(quoted).join(' '),
    'code=$?',
    `[ ! -e ${quoted(result)} ] || cp ${quoted(result)} ${SHARED}/`,
    'exit $code',
    '',
  ].join('\n')

const qemuArgs = (kernel: GuestKernel, { folder, shared, disk }: Record<'folder' | 'shared' | 'disk', string>) => [
  ...['-machine', 'q35', ...acceleration().args, '-smp', '2', '-m', '6G'],
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
  ...['-kernel', kernel.image, '-initrd', kernel.initramfs],
  ...['-append', 'console=ttyS0 panic=-1'],
  ...['-serial', `file:${join(folder, 'kernel.log')}`],
  ...['-device', 'virtio-serial-pci', '-chardev', 'stdio,id=out', '-device', 'virtserialport,chardev=out'],
  ...['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
  ...['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
  ...['-fsdev', `local,id=shared,path=${shared},security_model=none`],
  ...['-device', 'virtio-9p-pci,fsdev=shared,mount_tag=shared'],
  // What is written is thrown away with the machine, so that nothing need be safe on a disk.
  ...['-drive', `file=${disk},format=raw,if=virtio,cache=unsafe`],
  ...['-device', 'virtio-rng-pci'],
]

/**
 * Runs a command as root of a machine that has this machine's files, without being able to change them.
 * @returns its exit code
 * @throws where the machine ended before the command
 */
export async function runInMachine(kernel: GuestKernel, command: Command): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'aitia-vm-'))
  const [shared, disk] = [join(folder, 'shared'), join(folder, 'disk')]
  let interrupted = false
  let machine: ReturnType<typeof spawn> | undefined
  const onSignal = () => {
    interrupted = true
    machine?.kill('SIGKILL')
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, onSignal)
  try {
    mkdirSync(shared)
    writeFileSync(join(shared, 'kernel'), `MODULES=${quoted(kernel.modules)}\n`)
    writeFileSync(join(shared, 'command'), script(command))
    copyFileSync(join(import.meta.dirname, 'guest.sh'), join(shared, 'guest.sh'))
    writeFileSync(disk, '')
    truncateSync(disk, DISK_BYTES)
    await runTool('mkfs.ext4', ['-q', disk])
    if (interrupted) return INTERRUPTED
    // It ends however we end. With an end to its input it would wait for another before it says anything.
    const words = ['--pdeathsig', 'KILL', QEMU, ...qemuArgs(kernel, { folder, shared, disk })]
    machine = spawn('setpriv', words, { stdio: ['pipe', 'inherit', 'inherit'] })
    await once(machine, 'exit')
    if (interrupted) return INTERRUPTED
    const code = join(shared, 'exit-code')
    if (!existsSync(code)) throw new Error(`the machine ended before the command did. ${lastWords(folder)}`)
    const result = join(shared, basename(command.result))
    if (existsSync(result)) copyFileSync(result, command.result)
    return Number(readFileSync(code, 'utf8'))
  } finally {
    for (const signal of signals) process.off(signal, onSignal)
    rmSync(folder, { recursive: true, force: true })
  }
}

const lastWords = (folder: string): string => {
  const log = join(folder, 'kernel.log')
  if (!existsSync(log)) return `It never started: is ${QEMU} there? Run: apt-get install qemu-system-x86`
  return `Its kernel's last words:\n${readFileSync(log, 'utf8').trimEnd().split('\n').slice(-40).join('\n')}`
}
