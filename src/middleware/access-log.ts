// accessLog(): one line for each response, and one for each change of a WebSocket. A client cannot forge a line.

import { BoundedWriter } from '../bounded-writer.ts'
import { completeOptions, invalidOption } from '../complete-options.ts'
import { middleware } from '../chain/middleware.ts'
import { AppError } from '../errors.ts'
import { durationOf, lineWriter, logWriter } from './access-line.ts'
import type { Exchange, QueryRule, Turn, Writer } from './access-line.ts'
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
  /**
   * Whether a line has the query: true, false, or a function that returns the query to log, for example without its
   * secrets. A query is also a part of the `Referer`, and the same rule applies to both. Default false.
   */
  query?: boolean | ((query: string, request: ChainRequest) => string) | undefined
  /** Returns true for an entry that gets no line. It sees the response. Default: every entry gets a line. */
  skip?: ((entry: AccessLogEntry) => boolean) | undefined
}

/** The facts of one line, for the option `skip`. */
export interface AccessLogEntry {
  readonly request: ChainRequest
  readonly method: string
  /** The decoded path of the request. */
  readonly path: string
  /** 101 for an accepted WebSocket; null if the client saw no status. */
  readonly status: number | null
  /** The length of the body; null for a WebSocket, and if only the server knows it. */
  readonly bytes: number | null
  readonly outcome: ResponseEnd['outcome'] | 'accepted'
  /** The close code of a WebSocket. */
  readonly code: number | undefined
  /** The error of the app that the server answered, or that broke the response off. */
  readonly error: unknown
  /** The time since the request arrived, in ms. */
  readonly durationMs: number
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
  query: leftOut as NonNullable<AccessLogOptions['query']>,
  skip: undefined as AccessLogOptions['skip'],
}

function leftOut(): string {
  return ''
}

/**
 * Logs one line for an HTTP response (`method`, `path`, `status`, `bytes` of its body). A WebSocket has a line when it is
 * accepted, and one when it is denied or closed (`status` or `code`). All lines have `client` and `durationMs`. The
 * formats `common` and `combined` have one line for a WebSocket, at its end.
 *
 * The end is the report of the server ({@link ResponseEnd}): `outcome` is `complete`, also if the server answers for the
 * app; `disconnected` if the client leaves before the last byte, with the status that the app announced, or null;
 * `aborted` if the app breaks off or a shutdown cuts the connection. Messages pass through untouched and unbuffered. The
 * path is the one that the client sent; the query is left out, because it may have secrets, unless the option `query`
 * keeps it. Characters that could forge a line are escaped.
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
  const { format, log, write, query, skip } = checked(options)
  const queryOf = ruleOf(query)
  const writerFor =
    format === 'log'
      ? (request: ChainRequest) => logWriter(log ?? request.log)
      : () => lineWriter(format, write)

  return middleware('access-log', function* (request, next) {
    const every = writerFor(request)
    if (!every) return yield* next(request)

    const writer = skip ? unlessSkipped(skip, every) : every
    const exchange = { request, receivedAt: Date.now(), startedAt: performance.now(), queryOf }
    if (request.kind === 'websocket') request.onAccept(() => writer(exchange, 'accepted'))
    request.onFinish((end) => writer(exchange, end))
    return yield* next(request)
  })
}

function unlessSkipped(skip: NonNullable<AccessLogOptions['skip']>, writer: Writer): Writer {
  return (exchange, turn) => {
    const isSkipped: unknown = skip(entryOf(exchange, turn))
    if (isSkipped === true) return
    writer(exchange, turn)
    // A promise is truthy; taken for true, it would skip every line.
    if (isSkipped !== false) {
      throw new AppError(`accessLog(): skip() returned ${typeof isSkipped}, not a boolean`)
    }
  }
}

const ACCEPTED = {
  status: 101,
  bytes: null,
  outcome: 'accepted',
  code: undefined,
  error: undefined,
} as const

function entryOf(exchange: Exchange, turn: Turn): AccessLogEntry {
  const { request } = exchange
  const { status, bytes, outcome, code, error } = turn === 'accepted' ? ACCEPTED : turn
  const durationMs = durationOf(exchange)
  const { method, path } = request
  return { request, method, path, status, bytes, outcome, code, error, durationMs }
}

function ruleOf(query: (typeof DEFAULTS)['query']): QueryRule {
  if (typeof query === 'boolean') return query ? asSent : leftOut
  return (text, request) => {
    const told: unknown = query(text, request)
    if (typeof told === 'string') return told
    throw new AppError(`accessLog(): query() returned ${typeof told}, not a string`)
  }
}

function asSent(query: string): string {
  return query
}

const FORMATS: readonly unknown[] = ['log', 'json', 'common', 'combined']

function checked(options: AccessLogOptions): typeof DEFAULTS {
  const settings = completeOptions('accessLog', options, DEFAULTS)
  const { format, log, write, query, skip } = settings
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
  if (typeof query !== 'boolean' && typeof query !== 'function') {
    throw refused('query', query, 'it is true, false or a function')
  }
  if (skip !== undefined && typeof skip !== 'function') {
    throw refused('skip', skip, 'it is a function')
  }
  return settings
}
