import { defineRecord } from '../define.ts'

export const cgroupRemoved = defineRecord({
  name: 'cgroup-removed',
  doc: 'A cgroup was removed. The header holds its id; the path is kept for a while, since events of it may still come.',
  wire: {},
})
