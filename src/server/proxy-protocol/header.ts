// The header of the PROXY protocol, versions 1 and 2: bytes in, addresses out.

import { isIPv4, isIPv6 } from 'node:net'

/** The two ends of a connection as a proxy tells them. */
export interface ToldEnds {
  /** The client; null if it has no address, as on a unix socket. */
  client: [host: string, port: number] | null
  /** The place at the proxy to which the client has connected; null if it has no address. */
  server: [host: string, port: number] | null
}

/** A whole header. */
export interface ProxyHeader {
  /** The bytes of the header. */
  length: number
  /** Null: the connection is that of the proxy itself, such as a check of its health. */
  ends: ToldEnds | null
}

/** The bytes are no header of the PROXY protocol. */
class ProxyHeaderFault extends Error {}

const V1_START = Buffer.from('PROXY ')
const V2_START = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
// The longest header of version 1, with its CRLF.
const V1_MAX_BYTES = 107
const V2_HEAD_BYTES = 16
// 216 bytes are the longest addresses; fields about TLS and the like follow them, which are skipped.
const V2_MAX_BYTES = 4_096

/**
 * Reads the header at the start of `bytes`. Null: more bytes must come.
 *
 * @throws {@link ProxyHeaderFault} at the first byte that no header can have
 * @see https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt, 2
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | null {
  if (startsLike(bytes, V2_START)) return readV2(bytes)
  if (startsLike(bytes, V1_START)) return readV1(bytes)
  throw new ProxyHeaderFault('the connection does not begin with a header of the PROXY protocol')
}

function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

function readV1(bytes: Buffer): ProxyHeader | null {
  const at = bytes.subarray(0, V1_MAX_BYTES).indexOf('\r\n')
  if (at === -1) {
    if (bytes.length < V1_MAX_BYTES) return null
    throw new ProxyHeaderFault(`a header of version 1 has more than ${V1_MAX_BYTES} bytes`)
  }
  const line = bytes.toString('latin1', 0, at)
  return { length: at + 2, ends: endsOfLine(line) }
}

const PORT = /^(?:0|[1-9]\d{0,4})$/

function endsOfLine(line: string): ToldEnds | null {
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return null
  const [, family, source = '', destination = '', from = '', to = '', ...more] = line.split(' ')
  const isAddress = { TCP4: isIPv4, TCP6: isIPv6 }[family ?? '']
  const isPort = (text: string): boolean => PORT.test(text) && Number(text) <= 65_535
  const isValid = isAddress?.(source) && isAddress(destination) && isPort(from) && isPort(to)
  if (!isValid || more.length > 0) {
    throw new ProxyHeaderFault('a header of version 1 has no valid addresses')
  }
  return { client: [source, Number(from)], server: [destination, Number(to)] }
}

function readV2(bytes: Buffer): ProxyHeader | null {
  if (bytes.length < V2_HEAD_BYTES) return null
  const [command, family, size] = [bytes[12] ?? 0, bytes[13] ?? 0, bytes.readUInt16BE(14)]
  if (command !== LOCAL && command !== PROXY) {
    throw new ProxyHeaderFault('a header of version 2 has an unknown version or command')
  }
  if (size > V2_MAX_BYTES)
    throw new ProxyHeaderFault(`a header has more than ${V2_MAX_BYTES} bytes`)
  if (bytes.length < V2_HEAD_BYTES + size) return null
  const length = V2_HEAD_BYTES + size
  if (command === LOCAL) return { length, ends: null }
  return { length, ends: endsOf(family, bytes.subarray(V2_HEAD_BYTES, length)) }
}

const LOCAL = 0x20
const PROXY = 0x21
const TCP4 = 0x11
const TCP6 = 0x21
const UNIX_STREAM = 0x31

function endsOf(family: number, addresses: Buffer): ToldEnds | null {
  if (family === TCP4) return endsOfAddresses(addresses, 4)
  if (family === TCP6) return endsOfAddresses(addresses, 16)
  // No stream has another family: its addresses are ignored.
  return family === UNIX_STREAM ? { client: null, server: null } : null
}

function endsOfAddresses(bytes: Buffer, size: number): ToldEnds {
  if (bytes.length < 2 * size + 4) {
    throw new ProxyHeaderFault('a header of version 2 is too short for its addresses')
  }
  const hostAt = (at: number): string => hostOf(bytes.subarray(at, at + size))
  const portAt = (at: number): number => bytes.readUInt16BE(2 * size + at)
  return { client: [hostAt(0), portAt(0)], server: [hostAt(size), portAt(2)] }
}

function hostOf(address: Buffer): string {
  if (address.length === 4) return [...address].join('.')
  const groups = Array.from({ length: 8 }, (_, at) => address.readUInt16BE(2 * at).toString(16))
  // The URL has the short form of RFC 5952, except for mapped addresses: sockets of Node have the same text.
  const host = new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:[0-9a-f]+:[0-9a-f]+$/.test(host)
  return mapped ? `::ffff:${[...address.subarray(12)].join('.')}` : host
}
