// The date of `Expires` in a Set-Cookie (RFC 6265, 5.1.1), which is more tolerant than a date of HTTP.

const DELIMITERS = /[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+/
const TIME = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)/
const DAY = /^(\d{1,2})(?!\d)/
const YEAR = /^(\d{2,4})(?!\d)/
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

interface Found {
  time?: [hour: number, minute: number, second: number]
  day?: number
  month?: number
  year?: number
}

/** The date in ms since 1970; undefined if `text` is no date. */
export function cookieDate(text: string): number | undefined {
  const found: Found = {}
  for (const token of text.split(DELIMITERS)) take(token, found)
  const { time, day, month, year } = found
  if (time === undefined || day === undefined || month === undefined || year === undefined) {
    return undefined
  }

  const [hour, minute, second] = time
  const isPossible = day >= 1 && year >= 1601 && hour <= 23 && minute <= 59 && second <= 59
  const date = new Date(Date.UTC(year, month, day, hour, minute, second))
  return isPossible && date.getUTCDate() === day ? date.getTime() : undefined
}

// The first token of each kind counts, in the order of the RFC.
function take(token: string, found: Found): void {
  const time = found.time === undefined ? TIME.exec(token) : null
  if (time !== null) {
    found.time = [Number(time[1]), Number(time[2]), Number(time[3])]
    return
  }
  const day = found.day === undefined ? DAY.exec(token) : null
  if (day !== null) {
    found.day = Number(day[1])
    return
  }
  const month = found.month === undefined ? MONTHS.indexOf(token.slice(0, 3).toLowerCase()) : -1
  if (month !== -1) {
    found.month = month
    return
  }
  const year = found.year === undefined ? YEAR.exec(token) : null
  if (year !== null) found.year = fullYear(Number(year[1]))
}

function fullYear(year: number): number {
  if (year >= 70 && year <= 99) return year + 1900
  return year <= 69 ? year + 2000 : year
}
