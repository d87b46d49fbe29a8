// A head as text, in latin-1.

import { STATUS_CODES } from 'node:http'
import type { HeaderPairs } from '../contract/events.ts'

/** A status line and header block (RFC 9112, 2.1). */
export function rawHead(status: number, headers: HeaderPairs): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  for (const pair of headers) head += `${pair[0]}: ${pair[1]}\r\n`
  return `${head}\r\n`
}
