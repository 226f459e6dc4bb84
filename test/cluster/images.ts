import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './command.ts'

/** Image of every workload: /eat (see eat.c) and the static busybox, whose commands are on PATH. */
export const workloadImage = 'aitia.test/workload:1'
/** Image that keeps a pod's namespaces. */
export const pauseImage = 'aitia.test/pause:1'

/** Debian's busybox-static. */
export const busybox = '/bin/busybox'

const source = fileURLToPath(new URL('eat.c', import.meta.url))

/** Builds both images, without any registry, into one archive for `ctr images import`, and gives its path. */
export async function buildImages(folder: string): Promise<string> {
  const root = join(folder, 'root')
  const archive = join(folder, 'archive')
  for (const path of [join(root, 'bin'), join(root, 'tmp'), archive]) mkdirSync(path, { recursive: true })
  await run('cc', ['-static', '-O2', '-s', '-Wall', '-Werror', '-Wno-unused-result', '-o', join(root, 'eat'), source])
  cpSync(busybox, join(root, 'bin', 'busybox'))
  for (const command of (await run(busybox, ['--list'])).split('\n')) {
    if (command && command !== 'busybox') symlinkSync('busybox', join(root, 'bin', command))
  }
  const layer = join(archive, 'layer.tar')
  await run('tar', [
    '--create',
    `--file=${layer}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    `--directory=${root}`,
    '.',
  ])
  const digest = createHash('sha256').update(readFileSync(layer)).digest('hex')
  const images = [
    { name: workloadImage, file: 'workload.json', entrypoint: [] },
    { name: pauseImage, file: 'pause.json', entrypoint: ['/eat', 'sleep'] },
  ]
  for (const { file, entrypoint } of images) {
    const image = {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Entrypoint: entrypoint, Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    }
    writeFileSync(join(archive, file), JSON.stringify(image))
  }
  const manifest = images.map(({ name, file }) => ({ Config: file, RepoTags: [name], Layers: ['layer.tar'] }))
  writeFileSync(join(archive, 'manifest.json'), JSON.stringify(manifest))
  const path = join(folder, 'images.tar')
  await run('tar', ['--create', `--file=${path}`, `--directory=${archive}`, '.'])
  return path
}
