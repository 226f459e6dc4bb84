/** What a user may do at an API server: its authorizer comes to know a moment after the write. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlPlane } from './control-plane.ts'

/** Resolves once a user may, or may not, do what `words` say as after `kubectl auth can-i`, such as `list pods`. */
export async function untilAllowed(
  server: ControlPlane,
  user: string,
  words: readonly string[],
  allowed = true,
): Promise<void> {
  const ask = () =>
    server.kubectl('auth', 'can-i', ...words, `--as=${user}`).then(
      () => true,
      () => false,
    )
  while ((await ask()) !== allowed) await sleep(50)
}
