// Heads and whole responses as bytes, for the places where node:http has no ServerResponse.

import { STATUS_CODES } from 'node:http'
import { HttpExchange } from '../../async/exchange.ts'
import { plainResponse } from '../plain-response.ts'
import type { Identity } from '../../async/framing.ts'
import type { HeaderPairs } from '../../contract/events.ts'

/** A status line and header block. */
export function rawHead(status: number, headers: HeaderPairs): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`
}

/** A whole plain-text response that ends its connection. */
export function rawResponse(status: number, identity: Identity): string {
  const facts = {
    method: 'GET',
    httpVersion: '1.1',
    keepAlive: false,
    acceptsTrailers: false,
  } as const
  const exchange = new HttpExchange(facts, identity)
  let text = ''
  for (const event of plainResponse(status)) {
    const command = exchange.accept(event)
    if (command.type !== 'write') continue
    const { head, chunk } = command.part
    text += (head ? rawHead(head.status, head.headers) : '') + String(chunk ?? '')
  }
  return text
}
