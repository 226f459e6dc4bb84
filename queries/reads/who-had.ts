/** Who held an IP address at a time: none, one, or several, which is never decided by a guess. */
import { isIP } from 'node:net'
import { type Ground, groundOf } from './ground.ts'
import { owners } from './owners.ts'
import { InvalidRequest, type Reader, statement } from './read.ts'
import type { StoredObject } from './stored.ts'
import { settle } from './subject.ts'

const HOLDERS = statement('holders')
/** An address is held by one, or by few where claims overlap. */
const MOST = 50

export interface Holder {
  readonly object: StoredObject
  /** Its owner chain, the nearest first. */
  readonly owners: readonly StoredObject[]
  /** It held the address in [from, to), and may have had it `uncertainty` earlier, µs. */
  readonly from: number
  readonly to: number
  readonly uncertainty: number
  /** False where the time of the question lies before `from`, within the uncertainty. */
  readonly certain: boolean
}

export interface AddressHolders {
  readonly ground: Ground
  /** In canonical form. */
  readonly ip: string
  readonly result: 'none' | 'one' | 'ambiguous'
  readonly holders: readonly Holder[]
}

/** An address in the form in which it is a key: RFC 5952 for IPv6. Throws InvalidRequest for what is none. */
const canonical = (ip: string): string => {
  const family = isIP(ip)
  if (family === 4) return ip
  if (family === 6 && !ip.includes('%')) return new URL(`http://[${ip}]`).hostname.slice(1, -1)
  throw new InvalidRequest(`got "${ip}", expected an IP address such as 10.244.1.7 or fd00::7`)
}

type Row = { holder: StoredObject; from: number; to: number; uncertainty: number }

/** All that claim the address at that time. Throws InvalidRequest where it is none. */
export const whoHad = async (
  reader: Reader,
  question: { cluster: string; ip: string; at?: number; known?: number },
): Promise<AddressHolders> => {
  const { cluster } = question
  const ip = canonical(question.ip)
  const times = await settle(reader, question)
  const rows = await reader.read<Row>(HOLDERS, {
    ...{ key: `${cluster}/${ip}`, after: Math.min(times.at, times.known), limit: MOST, ...times },
  })
  // What one holder is told to hold by several declarers, or again, is one claim: the longest.
  const claims = [...Map.groupBy(rows, ({ holder }) => holder.key).values()].map((all) =>
    all.reduce((a, b) => (b.from < a.from ? b : a)),
  )
  const [chains, ground] = await Promise.all([
    owners(
      reader,
      claims.map(({ holder }) => holder.key),
      times,
    ),
    groundOf(reader, cluster, { from: times.at, to: times.at }, times.known),
  ])
  return {
    ground,
    ip,
    result: claims.length === 0 ? 'none' : claims.length === 1 ? 'one' : 'ambiguous',
    holders: claims.map(({ holder, from, to, uncertainty }) => ({
      object: holder,
      owners: chains.get(holder.key) ?? [],
      ...{ from, to, uncertainty, certain: from <= times.at },
    })),
  }
}
