// A head as text, in latin-1.

import { STATUS_CODES } from 'node:http'
import type { HeaderPairs } from '../contract/events.ts'

/** A status line and header block (RFC 9112, 2.1). */
export function rawHead(status: number, headers: HeaderPairs): string {
  let head = (statusLines[status] ??= `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`)
  for (const [name, value] of headers)
    head += name === 'date' ? dateLine(value) : lineOf(name, value)
  return `${head}\r\n`
}

const statusLines: string[] = []

function lineOf(name: string, value: string): string {
  return `${name}: ${value}\r\n`
}

let lastDate = ''
let lastDateLine = ''

// It says the same for a second.
function dateLine(value: string): string {
  if (value !== lastDate) lastDateLine = lineOf('date', value)
  lastDate = value
  return lastDateLine
}
