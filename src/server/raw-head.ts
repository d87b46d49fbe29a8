// A head as text, in latin-1.

import { statusLine } from '../http/status-line.ts'
import type { HeaderPairs } from '../contract/events.ts'

/** A status line and header block (RFC 9112, 2.1). */
export function rawHead(status: number, headers: HeaderPairs): string {
  let head = (statusLines[status] ??= `HTTP/1.1 ${statusLine(status)}\r\n`)
  let place = 0
  for (const [name, value] of headers) head += lineAt(place++, name, value)
  return `${head}\r\n`
}

const statusLines: string[] = []

/** A field line. */
interface Line {
  name: string
  value: string
  /** The joined line; empty until the line is needed a second time. */
  text: string
}

// The last line in each of the first places of a head.
const lastLines: Line[] = Array.from({ length: 16 }, () => ({ name: '', value: '', text: '' }))

// Most lines are equal to the line in the same place of the last head: the server, the date for a second, the type. Such a
// line is joined once and kept. A string that was built with `+` is not joined, and every write would join it again.
function lineAt(place: number, name: string, value: string): string {
  const last = lastLines[place]
  if (last?.name === name && last.value === value) {
    return (last.text ||= [name, ': ', value, '\r\n'].join(''))
  }
  if (last) {
    last.name = name
    last.value = value
    last.text = ''
  }
  return `${name}: ${value}\r\n`
}
