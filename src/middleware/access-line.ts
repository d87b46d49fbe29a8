// The lines of the access log: fields and a sentence, or text. A client cannot forge a line.

import { clientAddress } from '../http/client-address.ts'
import type { ChainRequest } from '../chain/request.ts'
import type { Log } from '../contract/log.ts'
import type { ResponseEnd } from '../contract/events.ts'

/** Returns the query to log; an empty one is left out. */
export type QueryRule = (query: string, request: ChainRequest) => string

/** One request, the time of its arrival, and the rule for its query. */
export interface Exchange {
  readonly request: ChainRequest
  readonly receivedAt: number
  readonly startedAt: number
  readonly queryOf: QueryRule
}

/** The subject of a line: the accept of a WebSocket, or the end of an exchange. */
export type Turn = ResponseEnd | 'accepted'

/** Writes a line about a turn. */
export type Writer = (exchange: Exchange, turn: Turn) => void

/** The time since the request arrived, in ms. */
export function durationOf({ startedAt }: Exchange): number {
  return Math.round((performance.now() - startedAt) * 10) / 10
}

// --- fields and a sentence ---

/** Gives each line to `log`; undefined without a log. */
export function logWriter(log: Log | undefined): Writer | undefined {
  return (
    log &&
    ((exchange, turn) => {
      const fields = fieldsOf(exchange, turn)
      const { method, path, query } = fields
      log.info(fields, `${method} ${withQuery(path, query)} ${sentenceOf(turn)}`)
    })
  )
}

/** The fields of a line. */
interface Fields extends Record<string, unknown> {
  method: string
  path: string
  query?: string
}

function fieldsOf(exchange: Exchange, turn: Turn): Fields {
  const { request } = exchange
  const method = request.kind === 'http' ? escaped(request.method) : 'WEBSOCKET'
  const fields: Fields = { client: clientOf(request), method, path: escaped(request.rawPath) }
  const query = queryOf(exchange)
  if (query !== '') fields.query = query
  Object.assign(fields, turnOf(request, turn))
  fields['durationMs'] = durationOf(exchange)
  const user = userOf(request)
  if (user !== undefined) fields['user'] = user
  return fields
}

function queryOf({ request, queryOf: rule }: Exchange): string {
  return request.queryString === '' ? '' : escaped(rule(request.queryString, request))
}

function withQuery(path: string, query = ''): string {
  return query === '' ? path : `${path}?${query}`
}

function turnOf({ kind }: ChainRequest, turn: Turn): Record<string, unknown> {
  if (turn === 'accepted') return { status: 101, outcome: 'accepted' }
  const { outcome, status, bytes, code } = turn
  if (outcome === 'closed') return { code, outcome }
  return kind === 'http' ? { status, bytes, outcome } : { status, outcome }
}

function sentenceOf(turn: Turn): string {
  if (turn === 'accepted') return '101 accepted'
  const { outcome, status, code } = turn
  if (outcome === 'closed') return `closed ${code}`
  return outcome === 'complete' ? `${status}` : `${status ?? '-'} ${outcome}`
}

function clientOf({ client }: ChainRequest): string | null {
  if (!client) return null
  return clientAddress(escaped(client[0]), client[1])
}

// --- lines of text ---

/** Gives each line to `write` as text. */
export function lineWriter(
  format: 'json' | 'common' | 'combined',
  write: (line: string) => void,
): Writer {
  if (format === 'json') return (exchange, turn) => write(jsonLine(exchange, turn))
  return (exchange, turn) => {
    if (turn === 'accepted') return
    const common = commonLine(exchange, turn)
    write(
      format === 'common'
        ? common
        : `${common} "${refererOf(exchange) ?? '-'}" "${agentOf(exchange) ?? '-'}"`,
    )
  }
}

function jsonLine(exchange: Exchange, turn: Turn): string {
  const { request, receivedAt } = exchange
  return JSON.stringify({
    time: new Date(receivedAt).toISOString(),
    ...fieldsOf(exchange, turn),
    protocol: protocolOf(request),
    referer: refererOf(exchange),
    userAgent: agentOf(exchange),
  })
}

// The order of Apache: host, identity, user, time of arrival, request line, status, bytes.
function commonLine(exchange: Exchange, { status, bytes }: ResponseEnd): string {
  const { request, receivedAt } = exchange
  const host = request.client ? escaped(request.client[0]) : '-'
  const user = userOf(request)?.replaceAll(' ', '\\x20') ?? '-'
  const target = withQuery(escaped(request.rawPath), queryOf(exchange))
  const line = `${escaped(request.method)} ${target} ${protocolOf(request)}`
  return `${host} - ${user} [${clockOf(receivedAt)}] "${line}" ${status ?? '-'} ${bytes || '-'}`
}

// Many lines share a second, and to format a second costs as much as the rest of a line.
let lastSecond = Number.NaN
let lastClock = ''

function clockOf(time: number): string {
  const second = Math.floor(time / 1000)
  if (second === lastSecond) return lastClock
  // Thu, 01 Jan 1970 00:00:00 GMT
  const [, day, month, year, clock] = new Date(time).toUTCString().split(' ')
  lastSecond = second
  lastClock = `${day}/${month}/${year}:${clock} +0000`
  return lastClock
}

function protocolOf({ environ, scope }: ChainRequest): string {
  return escaped(environ?.SERVER_PROTOCOL ?? `HTTP/${scope?.httpVersion}`)
}

// A middleware inside may have checked the user since; its own copy of the state is out of sight here.
function userOf({ state, scope, environ }: ChainRequest): string | undefined {
  const origin = scope ?? environ?.['isthmus.scope']
  const user = origin?.['isthmus.exchange']?.user ?? environ?.REMOTE_USER ?? state['user']
  return typeof user === 'string' && user !== '' ? escaped(user, UNSAFE_IN_QUOTES) : undefined
}

function agentOf({ request }: Exchange): string | undefined {
  const value = request.headers.get('user-agent')
  return value === undefined ? undefined : escaped(value, UNSAFE_IN_QUOTES)
}

// A page whose query has a secret sends the query as the Referer of its own pictures and scripts.
function refererOf({ request, queryOf: rule }: Exchange): string | undefined {
  const value = request.headers.get('referer')
  if (value === undefined) return undefined
  const at = value.indexOf('?')
  if (at < 0) return escaped(value, UNSAFE_IN_QUOTES)
  const query = rule(value.slice(at + 1), request)
  return escaped(withQuery(value.slice(0, at), query), UNSAFE_IN_QUOTES)
}

// Controls, blanks, quotes, the backslash and all beyond ASCII: no text of a client can end a line, start an escape
// sequence of a terminal, or look like another field.
const UNSAFE = /[^\x21\x23-\x5b\x5d-\x7e]/u
const UNSAFE_IN_QUOTES = /[^\x20\x21\x23-\x5b\x5d-\x7e]/u

function escaped(text: string, unsafe: RegExp = UNSAFE): string {
  // Almost every text is safe, and a test costs a fifth of a replacement that replaces nothing.
  if (!unsafe.test(text)) return text
  return text.replaceAll(new RegExp(unsafe, 'gu'), (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}
