/** A process that works where a runtime's would, with bundles as containerd and CRI-O lay them out. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readRuntimeFacts } from './cgroup-runtime.ts'

const SANDBOX = 'aaaa1c0d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef'
const CONTAINER = 'bbbb1c0d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef'

/** Starts a process in a bundle; the bundles given have a config.json with these annotations. */
const runtime = async (t: TestContext, workingFolder: string, bundles: Record<string, Record<string, string>>) => {
  const root = mkdtempSync(join(tmpdir(), 'aitia-test-'))
  for (const [folder, annotations] of Object.entries(bundles)) {
    mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, folder, 'config.json'), JSON.stringify({ ociVersion: '1.1.0', annotations }))
  }
  mkdirSync(join(root, workingFolder), { recursive: true })
  const child = spawn('sleep', ['60'], { cwd: join(root, workingFolder) })
  t.after(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
    rmSync(root, { recursive: true })
  })
  await once(child, 'spawn')
  return child.pid!
}

const TASKS = 'run/containerd/io.containerd.runtime.v2.task/k8s.io'
const names = { 'io.kubernetes.cri.sandbox-name': 'checkout-1', 'io.kubernetes.cri.sandbox-namespace': 'shop' }

test('containerd: the shim works in the sandbox, with the containers beside it', async (t) => {
  const shim = await runtime(t, `${TASKS}/${SANDBOX}`, {
    [`${TASKS}/${SANDBOX}`]: { 'io.kubernetes.cri.container-type': 'sandbox', ...names },
    [`${TASKS}/${CONTAINER}`]: {
      'io.kubernetes.cri.container-type': 'container',
      'io.kubernetes.cri.container-name': 'app',
      ...names,
    },
  })
  assert.deepEqual(readRuntimeFacts(SANDBOX, shim, 'sleep'), {
    sandbox: true,
    podName: 'checkout-1',
    namespace: 'shop',
  })
  assert.deepEqual(readRuntimeFacts(CONTAINER, shim, 'sleep'), {
    sandbox: false,
    containerName: 'app',
    podName: 'checkout-1',
    namespace: 'shop',
  })
})

test('containerd, the bundle of a short life is gone: the id still tells', async (t) => {
  const shim = await runtime(t, `${TASKS}/${SANDBOX}`, {})
  assert.deepEqual(readRuntimeFacts(CONTAINER, shim, 'pause'), { sandbox: false })
  assert.deepEqual(readRuntimeFacts(SANDBOX, shim, 'sleep'), { sandbox: true })
})

test('cri-dockerd: the shim works in the bundle of each container, whose annotations say nothing', async (t) => {
  const shim = await runtime(t, `${TASKS.replace('k8s.io', 'moby')}/${CONTAINER}`, {
    [`${TASKS.replace('k8s.io', 'moby')}/${CONTAINER}`]: {},
  })
  assert.deepEqual(readRuntimeFacts(CONTAINER, shim, 'node'), { sandbox: false })
  assert.deepEqual(readRuntimeFacts(CONTAINER, shim, 'pause'), { sandbox: true })
})

test("containerd: what works below a container's bundle, as runc does for its hooks, is no runtime", async (t) => {
  const init = await runtime(t, `${TASKS}/${CONTAINER}/rootfs`, {
    [`${TASKS}/${CONTAINER}`]: { 'io.kubernetes.cri.container-type': 'container', ...names },
  })
  assert.deepEqual(readRuntimeFacts(CONTAINER, init, 'nvidia-ctk'), { sandbox: false })
})

test("CRI-O: conmon works in the container's own bundle", async (t) => {
  const folder = `run/containers/storage/overlay-containers/${CONTAINER}/userdata`
  const conmon = await runtime(t, folder, {
    [folder]: {
      'io.kubernetes.cri-o.ContainerType': 'container',
      'io.kubernetes.container.name': 'app',
      'io.kubernetes.pod.name': 'checkout-1',
      'io.kubernetes.pod.namespace': 'shop',
    },
  })
  assert.deepEqual(readRuntimeFacts(CONTAINER, conmon, 'x'), {
    sandbox: false,
    containerName: 'app',
    podName: 'checkout-1',
    namespace: 'shop',
  })
})

test('no runtime that we know: only the name of the usual program tells a sandbox', () => {
  assert.deepEqual(readRuntimeFacts(CONTAINER, process.pid, 'pause'), { sandbox: true })
  assert.deepEqual(readRuntimeFacts(CONTAINER, 2 ** 22 + 1, 'node'), { sandbox: false })
})
