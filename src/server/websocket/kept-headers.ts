// The header pairs that a WebSocket keeps, often for days.

import type { HeaderPairs } from '../../contract/events.ts'

// Most clients of a server send the same values in these fields. Each field has one place, so the memory is bounded.
const last = new Map<string, string>(
  [
    'accept-encoding',
    'accept-language',
    'cache-control',
    'connection',
    'host',
    'origin',
    'pragma',
    'sec-websocket-extensions',
    'sec-websocket-version',
    'upgrade',
    'user-agent',
  ].map((name) => [name, '']),
)

/**
 * Copies of `headers` that need little memory: a value of the parser is a part of the whole head and keeps it, and sockets
 * with equal values share them.
 */
export function keptHeaders(headers: HeaderPairs): HeaderPairs {
  return headers.map(([name, value]) => [name, keptValue(name, value)])
}

function keptValue(name: string, value: string): string {
  const before = last.get(name)
  if (before === value) return before
  // Field values are latin-1. The way over bytes is the only one that gives a string of its own.
  const own = Buffer.from(value, 'latin1').toString('latin1')
  if (before !== undefined) last.set(name, own)
  return own
}
