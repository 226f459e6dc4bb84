/** Times in the reader's zone: as short as the distance to `today` allows. */

const MILLISECOND = 1_000
const SECOND = 1_000_000

export interface Clock {
  /** A point in time within a sentence: `14:02:10`, `Tue 09:14:05`, `3 Nov 09:14:05`. */
  readonly at: (micros: number) => string
  /** `at` with the zone that all times of an answer are in: `14:02:10 CET`. */
  readonly zoned: (micros: number) => string
  /** The zone's name at a time. */
  readonly zone: (micros: number) => string
  /** The same to the minute: `14:02`, `Tue 09:14`, `3 Nov`. */
  readonly since: (micros: number) => string
  /** For a column of events: `14:02:10.812`, `14:02:10` where the truth lies somewhere in that second, or `14:02:10..14:13:25`. */
  readonly stamp: (micros: number, uncertainty: number) => string
  /** `stamp` with its day, for a column that may reach over several. */
  readonly stamped: (micros: number, uncertainty: number) => string
  /** Whole, and the same to everybody, as options take it: `2026-11-24T14:02:10.812Z`. */
  readonly utc: (micros: number) => string
  /** It is `today`: an answer takes a while to be read, and clocks differ a little. */
  readonly isNow: (micros: number) => boolean
}

const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `zone` is an IANA name; the machine's own unless given. */
export const clockOf = (today: number, zone?: string): Clock => {
  const format = (options: Intl.DateTimeFormatOptions) => {
    const formatter = new Intl.DateTimeFormat('en-GB', {
      ...options,
      hourCycle: 'h23',
      ...(zone ? { timeZone: zone } : {}),
    })
    return (micros: number): string => formatter.format(micros / MILLISECOND).replace(',', '')
  }
  const date = format({ year: 'numeric', month: 'short', day: 'numeric' })
  const dayAndMonth = format({ month: 'short', day: 'numeric' })
  const weekday = format({ weekday: 'short' })
  const seconds = format({ hour: '2-digit', minute: '2-digit', second: '2-digit' })
  const minutes = format({ hour: '2-digit', minute: '2-digit' })
  const zoneNames = new Intl.DateTimeFormat('en-GB', {
    timeZoneName: 'short',
    ...(zone ? { timeZone: zone } : {}),
  })
  const zoneName = (micros: number): string =>
    zoneNames.formatToParts(micros / MILLISECOND).find(({ type }) => type === 'timeZoneName')!.value
  const sameYear = (micros: number): boolean => date(micros).slice(-4) === date(today).slice(-4)
  const day = (micros: number): string => {
    if (date(micros) === date(today)) return ''
    if (Math.abs(today - micros) < 6 * DAY) return weekday(micros)
    return sameYear(micros) ? dayAndMonth(micros) : date(micros)
  }
  const join = (...parts: string[]): string => parts.filter((part) => part !== '').join(' ')
  const upTo = (end: number, begin: number): string => join(date(end) === date(begin) ? '' : day(end), seconds(end))
  const stamp = (micros: number, uncertainty: number): string =>
    uncertainty > SECOND
      ? `${seconds(micros)}..${upTo(micros + uncertainty, micros)}`
      : uncertainty === SECOND
        ? seconds(micros)
        : `${seconds(micros)}.${String(Math.floor((((micros % SECOND) + SECOND) % SECOND) / MILLISECOND)).padStart(3, '0')}`
  return {
    at: (micros) => join(day(micros), seconds(micros)),
    zoned: (micros) => join(day(micros), seconds(micros), zoneName(micros)),
    zone: zoneName,
    since: (micros) => (Math.abs(today - micros) < 6 * DAY ? join(day(micros), minutes(micros)) : day(micros)),
    stamp,
    stamped: (micros, uncertainty) => join(day(micros), stamp(micros, uncertainty)),
    utc: (micros) => {
      const second = Math.floor(micros / SECOND)
      const fraction = String(micros - second * SECOND)
        .padStart(6, '0')
        .replace(/0+$/, '')
      return `${new Date(second * MILLISECOND).toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`
    },
    isNow: (micros) => micros > today - SECOND && micros < today + MINUTE,
  }
}

const UNITS: Readonly<Record<string, number>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY }

/** ms of a calendar time in UTC, or null where the calendar or the clock has no such time: 30 Feb, 25:00. */
const inUtc = (text: string): number | null => {
  const time = new Date(`${text}Z`)
  return Number.isNaN(time.getTime()) || time.toISOString().slice(0, 19) !== text ? null : time.getTime()
}

/** ms of a time of day in the reader's zone, on the day that is so many before that of `now`; null where the clock left it out or it is to come. */
const onDay = (time: string, now: number, daysBack: number): number | null => {
  const [hour, minute, second] = time.split(':').map(Number)
  const date = new Date(now)
  date.setDate(date.getDate() - daysBack)
  date.setHours(hour!, minute!, second!, 0)
  const shows = (ms: number): boolean => new Date(ms).toTimeString().slice(0, 8) === time
  const first = date.getTime()
  // Where the clock was set back it showed the time twice: the later one is meant.
  const again =
    first +
    (new Date(first + (3 * HOUR) / MILLISECOND).getTimezoneOffset() - date.getTimezoneOffset()) * (MINUTE / MILLISECOND)
  return [again, first].find((ms) => shows(ms) && ms <= now) ?? null
}

/** The last time that it was so late, ms. Not a day of 24 hours back: days on which clocks are set are shorter or longer. */
const lastAt = (time: string, now: number): number | null =>
  [0, 1, 2].map((daysBack) => onDay(time, now, daysBack)).find((ms) => ms !== null) ?? null

/** What can be stored: µs as a whole number from the epoch on that a double holds exactly. */
const storable = (micros: number): number | null => (micros >= 0 && Number.isSafeInteger(micros) ? micros : null)

/**
 * A time as people give it: µs since the epoch, RFC 3339, the same without a zone (the reader's own), `14:02` or `14:02:10` (the last time that it
 * was so late), or `-90s`, `-5m`, `-2h`, `-3d` before `now`. Null where it is none of them, or no time at all, such as 25:99 and 30 Feb, or beyond all
 * that can be told.
 */
export const parseTime = (text: string, now: number): number | null => {
  const back = /^-(\d+)([smhd])$/.exec(text)
  if (back !== null) return storable(now - Number(back[1]) * UNITS[back[2]!]!)
  if (/^\d{16}$/.test(text)) return storable(Number(text))
  const clock = /^\d\d:\d\d(:\d\d)?$/.test(text)
  const parts = /^(?:(\d{4}-\d\d-\d\d)(?:[T ]|$))?(\d\d:\d\d)?(:\d\d)?(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/.exec(text)
  if (parts === null) return null
  const [, day, minutes, seconds, fraction, zone] = parts
  if (day === undefined ? !clock : minutes === undefined && text !== day) return null
  if ((fraction ?? zone) !== undefined && seconds === undefined) return null
  const time = `${minutes ?? '00:00'}${seconds ?? ':00'}`
  if (inUtc(`${day ?? '2000-01-01'}T${time}`) === null) return null
  if (clock) {
    const last = lastAt(time, now / MILLISECOND)
    return last === null ? null : last * MILLISECOND
  }
  // Without a zone it is the reader's own.
  const exact = new Date(`${day}T${time}${zone ?? ''}`).getTime()
  return storable(exact * MILLISECOND + Number((fraction ?? '').padEnd(6, '0').slice(0, 6)))
}
