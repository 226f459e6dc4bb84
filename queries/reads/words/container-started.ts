import type { Words } from '../words.ts'

export default {
  title: 'started',
  summary: ({ containerName, image, restartCount }) =>
    `${containerName ?? 'container'}: ${image}, restart ${restartCount}`,
} satisfies Words<'container-started'>
