/** `aitia record`: what the graph holds of an incident or of a window, as a document that can be mailed, replayed, kept as a test. */
import { writeFileSync } from 'node:fs'
import type { Recording } from '../../../graph/model/recording.ts'
import { incidentNamed, refuseTurned, refuseUnheard, timeOption, withStore } from '../open.ts'
import { Failure, jsonOf, print, say, UsageError } from '../output.ts'

export interface RecordOptions {
  readonly cluster: string
  readonly incident?: string
  readonly from?: string
  readonly to?: string
  readonly output?: string
  readonly json?: true
}

/** One observation a line, so that two recordings can be compared. */
export const formatRecording = ({ observations, expect, ...head }: Recording): string => {
  const members = Object.entries(head).map(([name, value]) => `${jsonOf(name)}: ${jsonOf(value)}`)
  const list = observations.map((observation) => `  ${jsonOf(observation)}`).join(',\n')
  const expected = expect === undefined ? [] : [`"expect": ${jsonOf(expect)}`]
  return `{\n${[...members, ...expected, `"observations": [\n${list}\n]`].join(',\n')}\n}\n`
}

export const record = async (options: RecordOptions): Promise<void> => {
  const reads = await import('../../../queries/reads/main.ts')
  const { cluster, incident } = options
  const now = reads.now()
  const from = timeOption('--from', options.from, now)
  const given = timeOption('--to', options.to, now)
  const to = given ?? now
  if ((incident === undefined) === (from === undefined)) {
    const got = from === undefined ? 'neither --incident nor --from' : 'both --incident and --from'
    throw new UsageError(
      `got ${got}, expected either --incident ID (\`aitia incidents\` lists them), or --from and --to`,
    )
  }
  if (from !== undefined) await refuseTurned(['--from', from], [given === undefined ? 'now' : '--to', to])
  const recording = await withStore(async (store) => {
    if (incident !== undefined) return reads.recordIncident(store, (await incidentNamed(store, cluster, incident)).id)
    await refuseUnheard(store, cluster)
    return reads.recordWindow(store, cluster, { from: from!, to })
  })
  const until = reads.removedUntil(recording)
  if (until !== null)
    say(
      `history before ${reads.toRfc3339(until)} was removed: of that time the recording holds what is left, and vouches for nothing else`,
    )
  const text = formatRecording(recording)
  if (options.output === undefined) {
    console.log(text.trimEnd())
    return
  }
  try {
    writeFileSync(options.output, text)
  } catch (error) {
    throw new Failure(
      `can't write the recording to ${options.output} (${(error as Error).message}), expected a path in a folder that is there`,
    )
  }
  const written = { file: options.output, title: recording.title, observations: recording.observations.length }
  print(
    options.json === true,
    written,
    ({ file, title, observations }) =>
      `${file}: ${title}, ${reads.many(observations, 'observation')}. Replay it: aitia replay ${file}`,
  )
}
