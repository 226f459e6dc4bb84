import { defineEvent } from '../define.ts'

export const processExit = defineEvent({
  name: 'process-exit',
  collector: 'ebpf',
  doc: 'The first process of a container ended, or a signal ended another one: of these at most 8 a minute for each command of a container are told. Other exits are only counted.',
  hook: 'tp_btf/sched_process_exit of the last thread',
  about: ['Container'],
  origin: 'container.exit',
  delay: 0,
  fields: {
    pid: { type: 'int', unit: 'pid', doc: "Thread group id in the host's pid namespace." },
    nsPid: { type: 'int', unit: 'pid', doc: 'The same in its innermost pid namespace.' },
    firstProcess: {
      type: 'bool',
      doc: 'It is the first process of its container, whose end is that of the container: also where the pid namespace is shared, so that its number is not 1.',
    },
    startBootClock: {
      type: 'int',
      unit: 'µs',
      doc: 'When the process was started, by the boot clock: with boot id and pid it names the process.',
    },
    command: { type: 'string', doc: 'comm: the first 15 bytes of the name.' },
    exitCode: { type: 'int', doc: 'Status given to exit; 0 where a signal ended it.' },
    signal: { type: 'int', doc: 'Signal that ended it; 0 where it exited by itself.' },
  },
  wire: {
    startNs: { type: 'u64', doc: 'Boot clock at the start of the process.' },
    pid: { type: 'u32', doc: 'Thread group id in the host namespace.' },
    nsPid: { type: 'u32', doc: 'The same in the innermost namespace.' },
    exitCode: { type: 's32', doc: "The kernel's exit code: status << 8 | signal." },
    first: { type: 'u8', doc: '1 for the first process of its container.' },
    command: { type: 'char[16]', doc: 'comm.' },
  },
})
