// accessLog(): one line for each response, and one for each change of a WebSocket. A client cannot forge a line.

import { BoundedWriter } from '../bounded-writer.ts'
import { completeOptions, invalidOption } from '../complete-options.ts'
import { middleware } from '../chain/middleware.ts'
import type { Log } from '../contract/log.ts'
import type { ChainRequest } from '../chain/request.ts'
import type { ResponseEnd } from '../contract/events.ts'
import type { Wrap } from '../chain/wrap.ts'

/** The form of a line. */
export type AccessLogFormat = 'log' | 'json' | 'common' | 'combined'

/** Options of {@link accessLog}. */
export interface AccessLogOptions {
  /**
   * `log` gives fields and a sentence to a log, such as pino. The other formats write lines of text: `json` an object,
   * `common` and `combined` the lines of Apache and nginx. Default `log`.
   */
  format?: AccessLogFormat | undefined
  /** The log for the format `log`. Default: the log of the server. A pool thread has none, and writes nothing. */
  log?: Log | undefined
  /** Takes a line of the other formats, without a line end. Default: writes to standard output. */
  write?: ((line: string) => void) | undefined
  /** Returns true for a request that gets no line. Default: every request gets one. */
  skip?: ((request: ChainRequest) => boolean) | undefined
}

const stdout = new BoundedWriter(1, (lost) => {
  process.stderr.write(
    `isthmus: stdout was not read: ${lost} lines of the access log were dropped\n`,
  )
})

const DEFAULTS = {
  format: 'log' as AccessLogFormat,
  log: undefined as Log | undefined,
  write: (line: string): void => stdout.write(`${line}\n`),
  skip: (_request: ChainRequest): boolean => false,
}

/** One request, and the time of its arrival. */
interface Exchange {
  readonly request: ChainRequest
  readonly receivedAt: number
  readonly startedAt: number
}

/** The subject of a line: the accept of a WebSocket, or the end of an exchange. */
type Turn = ResponseEnd | 'accepted'

/** Writes a line about a turn; undefined without a log. */
type Writer = ((exchange: Exchange, turn: Turn) => void) | undefined

/**
 * Logs one line for an HTTP response (`method`, `path`, `status`, `bytes` of its body). A WebSocket has a line when it is
 * accepted, and one when it is denied or closed (`status` or `code`). All lines have `client` and `durationMs`. The
 * formats `common` and `combined` have one line for a WebSocket, at its end.
 *
 * The end is the report of the server ({@link ResponseEnd}): `outcome` is `complete`, also if the server answers for the
 * app; `disconnected` if the client leaves before the last byte, with the status that the app announced, or null;
 * `aborted` if the app breaks off or a shutdown cuts the connection. Messages pass through untouched and unbuffered. The
 * path is the one that the client sent, without the query; characters that could forge a line are escaped.
 *
 * The request of a line is the request at this place in the chain: put `forwarded()` outside for the address of the
 * client. The name of the user is known after the check, so `basicAuth()` may be outside or inside: inside, the requests
 * that it refuses have a line too.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an option that is unknown or impossible
 *
 * @example
 * chain(accessLog({ format: 'combined' }))(app)
 */
export function accessLog(options: AccessLogOptions = {}): Wrap {
  const { format, log, write, skip } = checked(options)
  const writerFor =
    format === 'log'
      ? (request: ChainRequest) => logWriter(log ?? request.log)
      : () => lineWriter(format, write)

  return middleware('access-log', function* (request, next) {
    const writer = writerFor(request)
    if (!writer || skip(request)) return yield* next(request)

    const exchange = { request, receivedAt: Date.now(), startedAt: performance.now() }
    if (request.kind === 'websocket') request.onAccept(() => writer(exchange, 'accepted'))
    request.onFinish((end) => writer(exchange, end))
    return yield* next(request)
  })
}

// --- fields and a sentence ---

function logWriter(log: Log | undefined): Writer {
  return (
    log &&
    ((exchange, turn) => {
      const fields = fieldsOf(exchange, turn)
      log.info(fields, `${fields.method} ${fields.path} ${sentenceOf(turn)}`)
    })
  )
}

/** The fields of a line. */
interface Fields extends Record<string, unknown> {
  method: string
  path: string
}

function fieldsOf({ request, startedAt }: Exchange, turn: Turn): Fields {
  const method = request.kind === 'http' ? escaped(request.method) : 'WEBSOCKET'
  const path = escaped(request.rawPath)
  const durationMs = Math.round((performance.now() - startedAt) * 10) / 10
  const fields = { client: clientOf(request), method, path, ...turnOf(request, turn), durationMs }
  const user = userOf(request)
  return user === undefined ? fields : { ...fields, user }
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
  const host = escaped(client[0])
  return host.includes(':') ? `[${host}]:${client[1]}` : `${host}:${client[1]}`
}

// --- lines of text ---

function lineWriter(
  format: Exclude<AccessLogFormat, 'log'>,
  write: (line: string) => void,
): Writer {
  if (format === 'json') return (exchange, turn) => write(jsonLine(exchange, turn))
  return (exchange, turn) => {
    if (turn === 'accepted') return
    const common = commonLine(exchange, turn)
    write(
      format === 'common'
        ? common
        : `${common} ${quoted(exchange.request, 'referer')} ${quoted(exchange.request, 'user-agent')}`,
    )
  }
}

function jsonLine(exchange: Exchange, turn: Turn): string {
  const { request, receivedAt } = exchange
  return JSON.stringify({
    time: new Date(receivedAt).toISOString(),
    ...fieldsOf(exchange, turn),
    protocol: protocolOf(request),
    referer: headerOf(request, 'referer'),
    userAgent: headerOf(request, 'user-agent'),
  })
}

// The order of Apache: host, identity, user, time of arrival, request line, status, bytes.
function commonLine({ request, receivedAt }: Exchange, { status, bytes }: ResponseEnd): string {
  const host = request.client ? escaped(request.client[0]) : '-'
  const user = userOf(request)?.replaceAll(' ', '\\x20') ?? '-'
  const line = `${escaped(request.method)} ${escaped(request.rawPath)} ${protocolOf(request)}`
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

function quoted(request: ChainRequest, name: string): string {
  return `"${headerOf(request, name) ?? '-'}"`
}

function headerOf(request: ChainRequest, name: string): string | undefined {
  const value = request.headers.get(name)
  return value === undefined ? undefined : escaped(value, UNSAFE_IN_QUOTES)
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

const FORMATS: readonly unknown[] = ['log', 'json', 'common', 'combined']

function checked(options: AccessLogOptions): typeof DEFAULTS {
  const settings = completeOptions('accessLog', options, DEFAULTS)
  const { format, log, write, skip } = settings
  const refused = (option: string, value: unknown, remedy: string): Error =>
    invalidOption('accessLog', option, value, remedy)

  if (!FORMATS.includes(format)) throw refused('format', format, `it is ${FORMATS.join(', ')}`)
  if (log !== undefined && typeof log?.info !== 'function') {
    throw refused('log', log, 'it is a log with the levels of pino')
  }
  if (log !== undefined && format !== 'log') {
    throw refused('log', 'a log', `the format "${format}" goes to "write"`)
  }
  if (typeof write !== 'function') throw refused('write', write, 'it is a function')
  if (options.write !== undefined && format === 'log') {
    throw refused('write', write, 'the format "log" goes to "log"; choose another format')
  }
  if (typeof skip !== 'function') throw refused('skip', skip, 'it is a function')
  return settings
}
