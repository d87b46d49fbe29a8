// Which fields may stand behind a body (RFC 9110, 6.5.1).

import { InvalidHeaderError } from '../errors.ts'
import { checkedHeaders } from './headers.ts'
import type { HeaderPairs } from '../contract/events.ts'

// Framing, routing, modifiers, authentication, response control and content format, as the RFC lists them.
const FORBIDDEN = new Set([
  'age',
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'expect',
  'expires',
  'host',
  'keep-alive',
  'location',
  'max-forwards',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'retry-after',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'vary',
  'warning',
  'www-authenticate',
])

/** Whether the field `name` (lower-case) has to stand before the body. */
export function isForbiddenTrailer(name: string): boolean {
  return FORBIDDEN.has(name)
}

/**
 * Copies trailers with lower-case names.
 *
 * @throws {@link InvalidHeaderError} for a field that must stand before the body
 */
export function checkedTrailers(pairs: HeaderPairs): HeaderPairs {
  const trailers = checkedHeaders(pairs)
  const forbidden = trailers.find(([name]) => isForbiddenTrailer(name))
  if (forbidden) {
    throw new InvalidHeaderError(`"${forbidden[0]}" must not be a trailer (RFC 9110, 6.5.1)`)
  }
  return trailers
}
