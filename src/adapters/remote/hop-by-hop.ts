// The fields that belong to one connection, and do not pass a proxy (RFC 9110, 7.6.1).

import { listMembers } from '../../http/list.ts'

/** The fields that never pass, in either direction. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

// A client could name fields that identify it, or give the length of its body, so that they go missing on the
// way: the field would be a weapon, not a hop's own (RFC 9110, 7.6.1, forbids to name fields that are for all recipients).
const NEVER_NAMED = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'date',
  'forwarded',
  'host',
  'location',
  'origin',
  'set-cookie',
  'traceparent',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-request-id',
])

/** The fields that a `Connection` field takes with it; undefined for the usual values, which name none. */
export function namedFields(connection: string): ReadonlySet<string> | undefined {
  if (connection === 'keep-alive' || connection === 'close' || connection === 'Keep-Alive') {
    return undefined
  }
  const names = listMembers(connection).map((member) => member.toLowerCase())
  return new Set(names.filter((name) => !NEVER_NAMED.has(name)))
}
