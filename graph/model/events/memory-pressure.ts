import { defineEvent } from '../define.ts'

export const memoryPressure = defineEvent({
  name: 'memory-pressure',
  collector: 'ebpf',
  doc: 'Processes of a cgroup had to reclaim memory to stay below its limit. One event is a window of reclaims, told apart by pauses.',
  hook: 'tp_btf/mm_vmscan_memcg_reclaim_begin, tp_btf/mm_vmscan_memcg_reclaim_end',
  about: ['Container', 'Host'],
  origin: 'kernel.reclaim',
  delay: 0,
  fields: {
    reclaims: { type: 'int', unit: 'count', doc: 'Reclaims in the window.' },
    stalled: { type: 'int', unit: 'µs', doc: 'Time that tasks spent reclaiming, summed over tasks.' },
    lastAt: {
      type: 'int',
      unit: 'µs since the epoch',
      doc: 'When the last reclaim of the window ended; `at` is when the first began.',
    },
  },
  wire: {
    reclaims: { type: 'u64', doc: 'Reclaims since the last flush.' },
    stalledNs: { type: 'u64', doc: 'Time spent in them, summed over tasks.' },
    firstNs: { type: 'u64', doc: 'Boot clock at the begin of the first.' },
    lastNs: { type: 'u64', doc: 'Boot clock at the end of the last.' },
  },
})
