// The fields that tell a target about the client, made from the scope alone: X-Forwarded-* and Forwarded (RFC 7239).

import type { HttpScope, WebSocketScope } from '../../contract/events.ts'
import type { RemoteSettings } from './settings.ts'

/**
 * The fields of a client that speak of a client: they never pass, because every client can send them. A proxy that is trusted
 * has its say in `forwarded()`, which changes the scope.
 */
export const CLAIMS: ReadonlySet<string> = new Set([
  'forwarded',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-forwarded',
  'x-forwarded-by',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-protocol',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-original-url',
  'x-real-ip',
  'x-rewrite-url',
])

/** Adds the fields that `settings` wants to `fields`, in which names and values alternate. `host` is that of the client. */
export function addClientFields(
  fields: string[],
  scope: HttpScope | WebSocketScope,
  host: string | undefined,
  { forwarded }: Pick<RemoteSettings, 'forwarded'>,
): void {
  if (forwarded === 'none') return
  const address = scope.client?.[0]
  const proto = scope.scheme === 'https' || scope.scheme === 'wss' ? 'https' : 'http'
  if (forwarded !== 'forwarded') addXForwarded(fields, { address, proto, host })
  if (forwarded !== 'x-forwarded') fields.push('forwarded', elementOf({ address, proto, host }))
}

interface ClientFacts {
  address: string | undefined
  proto: 'http' | 'https'
  host: string | undefined
}

function addXForwarded(fields: string[], { address, proto, host }: ClientFacts): void {
  if (address !== undefined) fields.push('x-forwarded-for', address)
  fields.push('x-forwarded-proto', proto)
  if (host === undefined || host === '') return
  const port = portOf(host) ?? (proto === 'https' ? '443' : '80')
  fields.push('x-forwarded-host', host, 'x-forwarded-port', port)
}

// The digits after the last colon, unless that is one of an IPv6 address. An expression would cost more.
function portOf(host: string): string | undefined {
  const colon = host.lastIndexOf(':')
  if (colon < 0 || colon === host.length - 1 || host.endsWith(']')) return undefined
  return host.slice(colon + 1)
}

// RFC 7239, 4 and 6: a value that is no token is quoted, and an IPv6 address is in brackets. A Host has neither a
// quotation mark nor a backslash.
function elementOf({ address, proto, host }: ClientFacts): string {
  const element = `for=${nodeOf(address)};proto=${proto}`
  return host === undefined || host === '' ? element : `${element};host="${host}"`
}

function nodeOf(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.includes(':') ? `"[${address}]"` : address
}
