import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const memoryPressure = defineEvent({
  name: 'memory-pressure',
  collector: 'ebpf',
  doc: 'Processes of a cgroup had to reclaim memory to stay below its limit. One event is about a second of it; lasting pressure is told less and less often, and always before an oom-kill.',
  hook: 'tp_btf/mm_vmscan_memcg_reclaim_begin, tp_btf/mm_vmscan_memcg_reclaim_end; told by raw_tp/flush_memory_pressure',
  about: ['Container', 'Pod', 'Host'],
  origin: 'kernel.reclaim',
  // summed up in the kernel for a second, and told when a reclaim ends
  delay: 2 * SECOND,
  // what lasts is held back for longer and longer
  bestEffort: true,
  fields: {
    reclaims: { type: 'int', unit: 'count', doc: 'Reclaims from `countedFrom` to `lastAt`.' },
    stalled: { type: 'int', unit: 'µs', doc: 'Time that tasks spent in them, summed over tasks.' },
    countedFrom: {
      type: 'int',
      unit: 'µs since the epoch',
      optional: true,
      doc: 'Begin of the first that is counted, where earlier ones were not told on their own. Absent: `at`.',
    },
    lastAt: {
      type: 'int',
      unit: 'µs since the epoch',
      doc: 'When the last reclaim of the window ended; `at` is when the first began, or the last ended where the window lasted for more than 5 s, as while no agent ran.',
    },
  },
  wire: {
    reclaims: { type: 'u64', doc: 'Reclaims since the last flush.' },
    stalledNs: { type: 'u64', doc: 'Time spent in them, summed over tasks.' },
    firstNs: { type: 'u64', doc: 'Boot clock at the begin of the first.' },
    lastNs: { type: 'u64', doc: 'Boot clock at the end of the last.' },
  },
})
