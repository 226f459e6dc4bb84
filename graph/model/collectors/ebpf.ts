import { defineCollector } from '../define.ts'

export const ebpf = defineCollector({
  name: 'ebpf',
  doc: 'Programs in the kernel of a host.',
  scope: 'host',
})
