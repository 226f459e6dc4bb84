import { defineEvent } from '../define.ts'

export const processExec = defineEvent({
  name: 'process-exec',
  collector: 'ebpf',
  doc: 'The first process of a container ran its program. Other execs are only counted.',
  hook: 'tp_btf/sched_process_exec',
  about: ['Container'],
  origin: 'kernel.process',
  delay: 0,
  fields: {
    pid: { type: 'int', unit: 'pid', doc: "Thread group id in the host's pid namespace." },
    nsPid: { type: 'int', unit: 'pid', doc: 'The same in its innermost pid namespace.' },
    startBootClock: {
      type: 'int',
      unit: 'µs',
      doc: 'When the process was started, by the boot clock: with boot id and pid it names the process.',
    },
    command: { type: 'string', doc: 'comm: the first 15 bytes of the name.' },
    file: { type: 'string', doc: 'Path that was executed, as the process gave it (the first 127 bytes).' },
  },
  wire: {
    startNs: { type: 'u64', doc: 'Boot clock at the start of the process.' },
    pid: { type: 'u32', doc: 'Thread group id in the host namespace.' },
    nsPid: { type: 'u32', doc: 'The same in the innermost namespace.' },
    parentPid: { type: 'u32', doc: 'Thread group id of the parent: the runtime of a container that starts.' },
    command: { type: 'char[16]', doc: 'comm.' },
    file: { type: 'char[128]', doc: 'Path of the executable.' },
  },
})
