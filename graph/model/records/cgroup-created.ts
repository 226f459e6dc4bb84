import { defineRecord } from '../define.ts'

export const cgroupCreated = defineRecord({
  name: 'cgroup-created',
  doc: 'A cgroup was made: its path names container and pod before the first process runs in it. The header holds its id.',
  wire: { path: { type: 'char[512]', doc: 'Path within its hierarchy.' } },
})
