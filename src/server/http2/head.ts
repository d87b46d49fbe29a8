// The head of a request in HTTP/2, in the terms of the contracts (RFC 9113, 8.2 and 8.3).

import { METHODS } from 'node:http'
import { BadRequestError } from '../../errors.ts'
import { authorityFault } from '../../http/authority.ts'
import { listHasToken, listMembers } from '../../http/list.ts'
import { requestHead } from '../../http/request-head.ts'
import { octetFault } from '../../http/target.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { Endpoints, FieldFacts, RequestHead } from '../../http/request-head.ts'

/** The limits of a head. */
export interface HeadLimits {
  maxHeadBytes: number
  maxRequestLineBytes: number
  maxHeaderFields: number
}

/** The head of a request, and the protocol that an extended CONNECT asks for (RFC 8441). */
interface Http2Head {
  head: RequestHead
  protocol: string | null
}

// The bytes of a field in HTTP/1.1 besides its name and value: a colon, a space, and a CRLF.
const FIELD_BYTES = 4
const VERSION_BYTES = ' HTTP/2'.length
const MOST_DIGITS = 16
const SERVED: ReadonlySet<string> = new Set(METHODS.filter((method) => method !== 'CONNECT'))

/** The facts that the fields of a block state. */
interface Block {
  method: string
  path: string
  authority: string | undefined
  protocol: string | null
  headers: HeaderPairs
  bytes: number
  host: string | undefined
  /** The place of the first Cookie in `headers`; -1 without one. */
  cookieAt: number
  length: string | undefined
  te: string | undefined
  expectation: string | undefined
  hasUnderscore: boolean
  fault: BadRequestError | null
}

/**
 * Makes the head of a request. `:authority` becomes `host`, and the lines of Cookie become one (RFC 9113, 8.2.3). A body of
 * unknown length has `transfer-encoding: chunked`, as after a proxy that speaks HTTP/1.1 to the app: apps and libraries
 * look for the field.
 *
 * @param fields names and values in turns, as node:http2 has read and checked them
 * @param hasBody the stream goes on after the head
 */
export function http2Head(
  fields: readonly string[],
  hasBody: boolean,
  ends: Endpoints,
  limits: HeadLimits,
): Http2Head {
  const block = readBlock(fields)
  const { headers, length } = block
  const contentLength = length === undefined ? null : Number(length)
  if (hasBody && length === undefined) headers.push(['transfer-encoding', 'chunked'])
  const expectation = expectationOf(block.expectation)
  const facts: FieldFacts = {
    keepAlive: true,
    acceptsTrailers: block.te !== undefined && listHasToken(block.te, 'trailers'),
    expectsContinue: expectation === true,
    hasBody,
    contentLength,
    hasUnderscore: block.hasUnderscore,
    fault:
      faultOf(block, limits) ?? lengthFault(length) ?? (expectation === true ? null : expectation),
  }
  // A CONNECT without a protocol has no path. It is refused, and a target without a form would hide the reason.
  const start = { method: block.method, target: block.path || '/', httpVersion: '2' } as const
  return { head: requestHead(start, headers, facts, ends), protocol: block.protocol }
}

function readBlock(fields: readonly string[]): Block {
  const block: Block = {
    method: '',
    path: '',
    authority: undefined,
    protocol: null,
    headers: [],
    bytes: 0,
    host: undefined,
    cookieAt: -1,
    length: undefined,
    te: undefined,
    expectation: undefined,
    hasUnderscore: false,
    fault: null,
  }
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] as string
    const value = fields[index + 1] as string
    if (name.charCodeAt(0) === COLON) takePseudo(block, name, value)
    else takeField(block, name, value)
  }
  takeAuthority(block)
  return block
}

const COLON = 0x3a

function takePseudo(block: Block, name: string, value: string): void {
  switch (name) {
    case ':method':
      block.method = value
      break
    case ':path':
      block.path = value
      break
    case ':authority':
      block.authority = value
      break
    case ':protocol':
      block.protocol = value
      break
    // The scheme of the connection is known, and a proxy in front may have ended the TLS of the client.
  }
}

function takeField(block: Block, name: string, value: string): void {
  block.bytes += name.length + value.length + FIELD_BYTES
  switch (name) {
    case 'host':
      return takeHost(block, value)
    case 'cookie':
      return takeCookie(block, value)
    case 'content-length':
      block.length ??= value
      break
    case 'te':
      block.te = value
      break
    case 'expect':
      block.expectation = block.expectation === undefined ? value : `${block.expectation}, ${value}`
      break
    default:
      block.hasUnderscore ||= name.includes('_')
  }
  block.headers.push([name, value])
}

function takeHost(block: Block, value: string): void {
  if (block.host !== undefined) block.fault ??= new BadRequestError('Host occurs more than once')
  block.host = value
}

// Compression is better with one cookie in each field; the app gets one field, as in HTTP/1.1.
function takeCookie(block: Block, value: string): void {
  const first = block.headers[block.cookieAt]
  if (first !== undefined) first[1] += `; ${value}`
  else block.cookieAt = block.headers.push(['cookie', value]) - 1
}

// RFC 9113, 8.3.1: a Host that differs from :authority makes the request malformed.
function takeAuthority(block: Block): void {
  const authority = block.authority ?? block.host
  if (authority === undefined) {
    block.fault ??= new BadRequestError('Host is missing')
    return
  }
  const { host = authority } = block
  if (host.toLowerCase() !== authority.toLowerCase()) {
    block.fault ??= new BadRequestError('Host differs from :authority')
  }
  block.fault ??= authorityFault(authority)
  block.headers.unshift(['host', authority])
}

function faultOf(block: Block, limits: HeadLimits): BadRequestError | null {
  const { method, path, protocol, headers, bytes } = block
  const isHandshake = method === 'CONNECT' && protocol === 'websocket'
  if (!isHandshake && (protocol !== null || !SERVED.has(method))) {
    return new BadRequestError('the method is not served', 501)
  }
  const lineBytes = method.length + path.length + VERSION_BYTES
  if (lineBytes > limits.maxRequestLineBytes) {
    return new BadRequestError('the request line is too long', 414)
  }
  if (lineBytes + bytes > limits.maxHeadBytes) {
    return new BadRequestError(`the head is longer than ${limits.maxHeadBytes} bytes`, 431)
  }
  if (headers.length > limits.maxHeaderFields) {
    return new BadRequestError(`there are more than ${limits.maxHeaderFields} fields`, 431)
  }
  return block.fault ?? pathFault(path)
}

// RFC 9113, 8.3.1: a path or an asterisk, and no absolute form.
function pathFault(path: string): BadRequestError | null {
  if (path.startsWith('/') || path === '*') return octetFault(path)
  return new BadRequestError('the path has none of the forms of RFC 9113, 8.3.1')
}

const DIGITS = /^\d+$/

function lengthFault(length: string | undefined): BadRequestError | null {
  if (length === undefined) return null
  const isNumber = length.length <= MOST_DIGITS && DIGITS.test(length)
  if (isNumber && Number.isSafeInteger(Number(length))) return null
  return new BadRequestError('Content-Length is not a number of bytes below 2^53')
}

/** True for 100-continue, null without an expectation, and the fault of any other one (RFC 9110, 10.1.1). */
function expectationOf(value: string | undefined): BadRequestError | true | null {
  if (value === undefined) return null
  const members = listMembers(value).filter((member) => member !== '')
  if (members.length === 0) return null
  if (members.every((member) => member.toLowerCase() === '100-continue')) return true
  return new BadRequestError(`expectation ${JSON.stringify(value)} is not understood`, 417)
}
