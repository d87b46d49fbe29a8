// A Host field, taken apart.

/** The two halves of a Host field. */
export interface HostParts {
  /** In lower case, without a trailing dot; an IPv6 address in its brackets. */
  readonly name: string
  /** Undefined where it is the one that the scheme implies. */
  readonly port: number | undefined
}

// RFC 3986, 3.2.2, as far as it is used: registered names in their DNS form with what is seen in the wild, no
// percent-encoding and no sub-delimiters, which have no business in a link.
const HOST = /^(\[[\da-f:.]+\]|[\w-]+(?:\.[\w-]+)*)\.?(?::(\d{1,5}))?$/i
const MAX_PORT = 65_535

/**
 * Takes the value of a Host field apart; null for what is none (RFC 9110, 7.2).
 *
 * @example
 * parseHost('Example.com.:8000') // { name: 'example.com', port: 8000 }
 */
export function parseHost(field: string): HostParts | null {
  const [, name, port] = HOST.exec(field) ?? []
  if (name === undefined || Number(port ?? 0) > MAX_PORT) return null
  return { name: name.toLowerCase(), port: port === undefined ? undefined : Number(port) }
}
