// Splits the Host field into its name and its port.

import { isIPv6 } from 'node:net'

/** The two halves of a Host field. */
export interface HostParts {
  /** The name in lower case, without a trailing dot; an IPv6 address is in brackets. */
  readonly name: string
  /** The port; undefined for the default port of the scheme. */
  readonly port: number | undefined
}

// RFC 3986, 3.2.2, restricted to the registered names that DNS has. Percent-encoding and sub-delimiters are refused,
// because the result goes into links.
const STRICT_HOST = /^(\[[\da-f:.]+\]|[\w-]+(?:\.[\w-]+)*)\.?(?::(\d{1,5}))?$/i
const ANY_HOST = /^(.+?)(?::(\d+))?$/
const MAX_PORT = 65_535

/**
 * Splits the value of a Host field into name and port. Returns null if the value is not a host (RFC 9110, 7.2).
 *
 * @example
 * parseHost('Example.com.:8000') // { name: 'example.com', port: 8000 }
 */
export function parseHost(field: string): HostParts | null {
  const [, name, port] = STRICT_HOST.exec(field) ?? []
  if (name === undefined || Number(port ?? 0) > MAX_PORT) return null
  if (name.startsWith('[') && !isIPv6(name.slice(1, -1))) return null
  return { name: name.toLowerCase(), port: port === undefined ? undefined : Number(port) }
}

/** The name and the port of a Host field as the client sent them, unchecked; null for an empty field. */
export function splitHost(field: string): [name: string, port: string | undefined] | null {
  const [, name, port] = ANY_HOST.exec(field) ?? []
  return name === undefined ? null : [name, port]
}
