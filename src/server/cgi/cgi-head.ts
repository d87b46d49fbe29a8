// From the variables of CGI to a checked request head.
// @see RFC 3875, 4.1

import { isUtf8 } from 'node:buffer'
import { isIP } from 'node:net'
import { BadRequestError } from '../../errors.ts'
import { isFieldValue, isToken } from '../../http/headers.ts'
import { checkedHead } from '../checked-head.ts'
import type { CheckedUser } from '../../contract/checked-user.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { Endpoints, RequestHead } from '../../http/request-head.ts'
import type { Variables } from './protocol.ts'

/** The limits and facts for a head. */
interface CgiHeadParts {
  maxHeaderFields: number
  maxRequestLineBytes: number
  /** The bytes of the body; null if only its end tells their number. */
  bodyLength: number | null
  /** The ends of the connection to the web server, for those that the variables do not tell. */
  ends: Endpoints
  /** The target is that of SCRIPT_NAME and PATH_INFO, unless REQUEST_URI means the same path. Default false. */
  isScript?: boolean
}

/**
 * The head of a request with these variables. The last value of a name without `HTTP_` counts.
 *
 * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) for a method or a field that is malformed, and for a request line
 *   above the limit; other faults are in the head
 */
export function cgiHead(variables: Variables, parts: CgiHeadParts): RequestHead {
  const facts = new Map(variables)
  const method = facts.get('REQUEST_METHOD') ?? ''
  if (!isToken(method)) throw new BadRequestError('REQUEST_METHOD is missing or no method')
  const target = targetOf(facts, parts.isScript ?? false)
  const httpVersion = facts.get('SERVER_PROTOCOL') === 'HTTP/1.0' ? '1.0' : '1.1'
  // RFC 9112, 3: the line has two spaces and the version besides method and target.
  if (method.length + target.length + ' HTTP/1.1'.length + 1 > parts.maxRequestLineBytes) {
    throw new BadRequestError('the request line is too long', 414)
  }
  const headers = fieldsOf(variables)
  if (!headers.some(([name]) => name === 'host')) headers.unshift(...hostOf(facts))
  headers.push(...bodyFields(facts, method, parts.bodyLength))
  const ends = endsOf(facts, parts.ends)
  // 100 Continue is the matter of the web server: the body is on its way already.
  const read = { method, target, httpVersion, headers, expectsContinue: false, ends } as const
  const head = checkedHead(read, parts.maxHeaderFields)
  const auth = userOf(facts)
  return auth === null ? head : { ...head, auth }
}

// Fields of the connection between client and web server, and those of the body, which have variables of their own.
const NOT_PASSED = new Set([
  'connection',
  'content-length',
  'content-type',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function fieldsOf(variables: Variables): HeaderPairs {
  const headers: HeaderPairs = []
  for (const [variable, value] of variables) {
    if (!variable.startsWith('HTTP_')) continue
    const name = variable.slice('HTTP_'.length).toLowerCase().replaceAll('_', '-')
    if (!isToken(name) || !isFieldValue(value)) {
      throw new BadRequestError(`the variable ${JSON.stringify(variable)} is no header field`)
    }
    if (!NOT_PASSED.has(name)) headers.push([name, trimmed(value)])
  }
  return withLastHost(headers)
}

// A client cannot repeat Host. A second one is that of a configuration, which replaces the first.
function withLastHost(headers: HeaderPairs): HeaderPairs {
  const last = headers.findLastIndex(([name]) => name === 'host')
  return headers.filter(([name], at) => name !== 'host' || at === last)
}

// RFC 9110, 5.5: white space around a value does not belong to the value. trim() would remove octets above 0x7F too.
function trimmed(value: string): string {
  let [from, to] = [0, value.length]
  while (from < to && isBlank(value, from)) from += 1
  while (from < to && isBlank(value, to - 1)) to -= 1
  return value.slice(from, to)
}

function isBlank(value: string, at: number): boolean {
  return value[at] === ' ' || value[at] === '\t'
}

function hostOf(facts: ReadonlyMap<string, string>): HeaderPairs {
  const name = facts.get('SERVER_NAME') ?? ''
  if (name === '') return []
  const port = facts.get('SERVER_PORT') ?? ''
  const isUsual = port === '' || port === (isSecure(facts) ? '443' : '80')
  return [['host', isUsual ? name : `${name}:${port}`]]
}

function bodyFields(
  facts: ReadonlyMap<string, string>,
  method: string,
  length: number | null,
): HeaderPairs {
  const type = facts.get('CONTENT_TYPE') ?? ''
  if (!isFieldValue(type)) throw new BadRequestError('CONTENT_TYPE is no field value')
  const fields: HeaderPairs = type === '' ? [] : [['content-type', trimmed(type)]]
  if (length === null) return [...fields, ['transfer-encoding', 'chunked']]
  // A web server tells a length of 0 for each request without a body.
  if (length === 0 && /^(?:GET|HEAD)$/.test(method)) return fields
  return [...fields, ['content-length', String(length)]]
}

function targetOf(facts: ReadonlyMap<string, string>, isScript: boolean): string {
  const given = facts.get('REQUEST_URI') ?? ''
  const path = `${facts.get('SCRIPT_NAME') ?? ''}${facts.get('PATH_INFO') ?? ''}`
  if (given !== '' && (!isScript || decoded(given) === path)) return given
  const query = facts.get('QUERY_STRING') ?? ''
  return escaped(path || '/') + (query === '' ? '' : `?${query}`)
}

/** The path of a target as CGI tells it: its octets without escapes, in latin-1. */
function decoded(target: string): string {
  const [path = ''] = target.split('?', 1)
  return path.replace(/%([\da-f]{2})/gi, (_escape, octet: string) =>
    String.fromCharCode(Number.parseInt(octet, 16)),
  )
}

// SCRIPT_NAME and PATH_INFO are decoded (RFC 3875, 4.1.5). The octets of a path that stay are those of RFC 3986, 3.3.
function escaped(path: string): string {
  return path.replace(/[^\w\-.~!$&'()*+,;=:@/]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}

function endsOf(facts: ReadonlyMap<string, string>, ends: Endpoints): Endpoints {
  const client = facts.get('REMOTE_ADDR') ?? ''
  const server = facts.get('SERVER_ADDR') || facts.get('SERVER_NAME') || ''
  return {
    // A client of a unix socket has no address.
    client: isIP(client) > 0 ? [client, portOf(facts.get('REMOTE_PORT'))] : null,
    server: server === '' ? ends.server : [server, portOf(facts.get('SERVER_PORT'))],
    secure: isSecure(facts),
    tls: null,
  }
}

// RFC 3875, 4.1.1 and 4.1.11. A name without AUTH_TYPE may be one that was not checked: nginx has in $remote_user the name that
// the client claims, also without auth_basic.
function userOf(facts: ReadonlyMap<string, string>): CheckedUser | null {
  const [type = '', name = ''] = [facts.get('AUTH_TYPE'), facts.get('REMOTE_USER')]
  if (type === '' || name === '') return null
  const octets = Buffer.from(name, 'latin1')
  if (!isUtf8(octets)) throw new BadRequestError('REMOTE_USER is not UTF-8')
  return { type, user: octets.toString() }
}

function isSecure(facts: ReadonlyMap<string, string>): boolean {
  return /^(?:on|1)$/i.test(facts.get('HTTPS') ?? '') || facts.get('REQUEST_SCHEME') === 'https'
}

function portOf(text = ''): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port <= 65_535 ? port : 0
}
