/** Runs the steps of the set-up in order: says each with its time, skips what is there, goes on after what can't be had. */
import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { dim, red } from './colour.ts'
import { isRoot, root } from './config.ts'
import { claim } from './server.ts'

export interface Step {
  readonly name: string
  /** Whether there is nothing to do. It looks at the result itself or at a stamp that `run` writes last. */
  done(): boolean
  /** Brings the result about whole or not at all; an interrupted run is repaired by the next. */
  run(): Promise<void>
  /** What a person would type instead, for when this machine does not let us. */
  byHand(): string
  readonly needsRoot?: boolean
  /** Why nobody needs what it brings, where that is so. */
  readonly needless?: string
}

/** Runs what is not done and returns the names of the steps that failed; one set-up at a time on a clone. */
export async function setUp(steps: readonly Step[]): Promise<string[]> {
  const failed: string[] = []
  const kept = join(root, '.aitia')
  mkdirSync(kept, { recursive: true })
  // Node makes it too, for compiled code, and lets all read it; what is kept of clusters is its owner's alone.
  const { mode, uid } = statSync(kept)
  if ([0, uid].includes(process.getuid!()) && (mode & 0o077) !== 0) chmodSync(kept, 0o700)
  const release = await claim(join(kept, 'set-up.lock'))
  try {
    console.log('Set-up')
    for (const step of steps) if (!(await runStep(step))) failed.push(step.name)
  } finally {
    release()
  }
  return failed
}

async function runStep(step: Step): Promise<boolean> {
  const label = `  ${step.name} `.padEnd(44, '.')
  if (step.needless !== undefined) {
    console.log(dim(`${label} left out: ${step.needless}`))
    return true
  }
  if (step.done()) {
    console.log(dim(`${label} ok (already there)`))
    return true
  }
  if (step.needsRoot && !isRoot) {
    console.log(`${label} ${red('left out')}: it needs root. By hand:\n      ${step.byHand()}`)
    return false
  }
  const started = performance.now()
  if (process.stdout.isTTY) process.stdout.write(label)
  const said = (text: string) => console.log(`${process.stdout.isTTY ? '' : label} ${text}`)
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`
  try {
    await step.run()
    if (!step.done()) throw new Error('it ran to its end without an error, but what it should bring is not there')
    said(seconds())
    return true
  } catch (error) {
    said(`${red('failed')} after ${seconds()}. By hand: ${step.byHand()}`)
    console.log(`      ${(error as Error).message.replaceAll('\n', '\n      ')}`)
    return false
  }
}
