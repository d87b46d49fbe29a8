// The fields that may follow a body (RFC 9110, 6.5.1).

import { InvalidHeaderError } from '../errors.ts'
import { checkedHeaders } from './headers.ts'
import type { HeaderPairs } from '../contract/events.ts'

// Fields for framing, routing, modifiers, authentication, response control and content format: the list of the RFC.
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

/** Whether the field `name` (lower-case) must come before the body. */
function isForbiddenTrailer(name: string): boolean {
  return FORBIDDEN.has(name)
}

/**
 * Copies trailers with lower-case names.
 *
 * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a field that must come before the body
 */
export function checkedTrailers(pairs: HeaderPairs): HeaderPairs {
  const trailers = checkedHeaders(pairs)
  const forbidden = trailers.find(([name]) => isForbiddenTrailer(name))
  if (forbidden) {
    throw new InvalidHeaderError(`"${forbidden[0]}" must not be a trailer (RFC 9110, 6.5.1)`)
  }
  return trailers
}
