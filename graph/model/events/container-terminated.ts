import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const containerTerminated = defineEvent({
  name: 'container-terminated',
  collector: 'kubernetes',
  doc: 'The kubelet reports that a run of a container ended. Keyed by the container id: seen in state, lastState and lists, it is one event.',
  hook: 'Pod status.containerStatuses[].state.terminated and .lastState.terminated',
  about: ['Container'],
  origin: 'container.exit',
  delay: 10 * SECOND,
  lasts: ['podKey', 'containerName'],
  fields: {
    reason: {
      type: 'string',
      doc: 'Completed, Error, OOMKilled, StartError, ... OOMKilled is told by the reason alone: the exit code may be 0.',
    },
    exitCode: { type: 'int', doc: 'Exit code; 128 + signal where a signal ended it.' },
    signal: { type: 'int', optional: true, doc: 'Signal, where the runtime tells it.' },
    startedAt: {
      type: 'int',
      unit: 'µs since the epoch',
      optional: true,
      doc: 'Start of the run; whole seconds. Absent where it could not be started.',
    },
    finishedAt: {
      type: 'int',
      unit: 'µs since the epoch',
      doc: 'End of the run; whole seconds, so 10 means [10, 11).',
    },
    restartCount: { type: 'int', unit: 'count', doc: 'How often the kubelet restarted the container before this run.' },
    role: { type: 'string', doc: 'main, init, sidecar or ephemeral.' },
    message: { type: 'string', optional: true, doc: 'Last words of the container, where kept.' },
  },
})
