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
  /** Made when the line is wanted again. */
  text: string
}

// What stood last in each of the first places of a head.
const lastLines: Line[] = Array.from({ length: 16 }, () => ({ name: '', value: '', text: '' }))

// Most lines say what the last head said in their place: the server, the date for a second, the type. Such a line is
// kept in one piece, which a string that was added up is not: every write would put it together again.
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
