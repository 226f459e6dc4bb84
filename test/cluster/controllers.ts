import type { Binaries } from './binaries.ts'
import type { ControlPlaneParts } from './control-plane.ts'
import { Daemon } from './daemon.ts'
import type { Place } from './place.ts'

/** The controllers and the scheduler of a cluster, not yet started; `server` is where they reach its API server. */
export async function controllers(
  place: Place,
  { authority, signingKey }: ControlPlaneParts,
  binaries: Binaries,
  server: string,
  more: { manager?: string[]; scheduler?: string[] },
): Promise<{ controllerManager: Daemon; scheduler: Daemon }> {
  const make = async (program: 'kube-controller-manager' | 'kube-scheduler', args: string[]) => {
    const pair = await authority.issue(program, `/CN=system:${program}`)
    const kubeconfig = authority.writeKubeconfig(program, server, pair)
    const command = [
      binaries[program],
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--authentication-skip-lookup=true',
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      ...args,
    ]
    // Nobody waits for them: what they do shows in the objects, such as a node's taints.
    return new Daemon(place, program, command, async () => true)
  }
  const [controllerManager, scheduler] = await Promise.all([
    make('kube-controller-manager', [
      `--service-account-private-key-file=${signingKey}`,
      `--root-ca-file=${authority.certificate}`,
      '--use-service-account-credentials',
      ...(more.manager ?? []),
    ]),
    make('kube-scheduler', more.scheduler ?? []),
  ])
  return { controllerManager, scheduler }
}
