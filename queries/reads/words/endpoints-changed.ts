import type { Words } from '../words.ts'

export default {
  title: 'endpoints',
  summary: ({ readyEndpoints, endpoints, previousReadyEndpoints }) =>
    `${readyEndpoints === 0 ? 'none' : readyEndpoints} of ${endpoints} ready, before ${previousReadyEndpoints}`,
} satisfies Words<'endpoints-changed'>
