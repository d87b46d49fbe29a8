// The rules of lint for an HTTP exchange: the legal order, which HttpExchange checks, and stricter rules for headers
// and status.

import { NO_IDENTITY } from '../../async/framing.ts'
import { HttpExchange } from '../../async/http-exchange.ts'
import { mayHaveContent } from '../../http/content.ts'
import { getHeader } from '../../http/headers.ts'
import { asEventBreach, breach } from '../breach.ts'
import { nameOf } from '../../name-of.ts'
import type {
  HeaderPairs,
  HttpResponseStartEvent,
  HttpScope,
  ReceiveEvent,
  SendEvent,
} from '../../contract/events.ts'

/** The fields of the connection, which only the server sets (RFC 9110, 7.6.1). */
const CONNECTION_FIELDS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])
const EVENTS_WITHOUT_EXTENSION = new Set(['http.response.start', 'http.response.body'])

/** The events of one HTTP exchange, both directions. */
export class HttpTrial {
  readonly #scope: HttpScope
  readonly #exchange: HttpExchange
  #start: HttpResponseStartEvent | undefined
  #bodyEnded = false
  #gone = false
  /** The exchange after the last byte of a file; undefined if no file was sent. */
  #afterFile: HttpExchange | undefined

  constructor(scope: HttpScope) {
    this.#scope = scope
    this.#exchange = newExchange(scope)
  }

  /** Whether the app has received `http.disconnect`. */
  get gone(): boolean {
    return this.#gone
  }

  received(event: ReceiveEvent): void {
    if (event.type === 'http.disconnect') {
      this.#gone = true
      return
    }
    if (event.type !== 'http.request')
      throw unexpected(event.type, 'http.request or http.disconnect')
    if (this.#gone) throw unexpected(event.type, 'http.disconnect for ever after the first one')
    if (this.#bodyEnded) throw unexpected(event.type, 'http.disconnect after moreBody false')
    if (!(event.body instanceof Uint8Array) || typeof event.moreBody !== 'boolean') {
      throw breach(
        'server',
        'the shape of events',
        `http.request has the body ${nameOf(event.body)} and moreBody ${nameOf(event.moreBody)}`,
        'send a Uint8Array and a boolean',
      )
    }
    this.#bodyEnded = !event.moreBody
  }

  sent(event: SendEvent): void {
    this.#checkExtension(event)
    if ('headers' in event) checkStrictHeaders(event.headers ?? [])
    if (event.type === 'http.response.body') checkStrictBody(this.#start?.status, event)

    const isAfterFile = event.type === 'http.response.trailers'
    const exchange = (isAfterFile ? this.#afterFile : undefined) ?? this.#exchange
    const command = asEventBreach(() => exchange.accept(event))
    if (command.type === 'pathsend') this.#afterFile = afterFile(this.#scope, this.#start, event)
    if (event.type !== 'http.response.start') return
    checkStrictStatus(event)
    this.#start = event
  }

  /** The events that the app still has to send before it returns; undefined for none. */
  get owed(): string | undefined {
    const exchange = this.#afterFile ?? this.#exchange
    if (exchange.complete) return undefined
    return exchange.started
      ? 'the last http.response.body (moreBody false) or the last trailers'
      : 'http.response.start'
  }

  #checkExtension(event: SendEvent): void {
    const wantsTrailers = event.type === 'http.response.start' && event.trailers === true
    const name = wantsTrailers ? 'http.response.trailers' : event.type
    if (EVENTS_WITHOUT_EXTENSION.has(name) || !name.startsWith('http.response.')) return
    if (Object.hasOwn(this.#scope.extensions, name)) return
    throw breach(
      'app',
      'the use of extensions',
      `${name} is not in scope.extensions`,
      'look there first, and do without it if it is missing',
    )
  }
}

/**
 * Throws for names that are not lower-case, and for fields that only the server sets.
 *
 * @throws {@link LintError} `ISTHMUS_LINT`
 */
export function checkStrictHeaders(headers: HeaderPairs): void {
  // HttpExchange refuses a value that is no list of pairs.
  if (!Array.isArray(headers)) return
  for (const pair of headers) {
    const name: unknown = Array.isArray(pair) ? pair[0] : ''
    if (typeof name !== 'string') return
    if (name !== name.toLowerCase()) {
      throw breach('app', 'strict headers', `"${name}" has capitals`, 'send names in lower case')
    }
    if (!CONNECTION_FIELDS.has(name)) continue
    throw breach('app', 'strict headers', `"${name}" is the server's`, 'leave it out')
  }
}

/**
 * Throws for a status above 599 and for a 204 with a length. HttpExchange refuses other impossible statuses.
 *
 * @throws {@link LintError} `ISTHMUS_LINT`
 */
export function checkStrictStatus(start: { status: number; headers?: HeaderPairs }): void {
  if (start.status > 599) {
    throw breach('app', 'the status', `it is ${start.status}`, 'use an integer from 200 to 599')
  }
  if (start.status !== 204 || getHeader(start.headers ?? [], 'content-length') === undefined) return
  throw breach('app', 'the status', 'a 204 has a content-length', 'leave it out (RFC 9110, 8.6)')
}

/**
 * Throws for a body of a response whose status has none.
 *
 * @param status the announced status; undefined before the start
 * @throws {@link LintError} `ISTHMUS_LINT`
 */
export function checkStrictBody(
  status: number | undefined,
  { body }: { body?: Uint8Array | string },
): void {
  // HttpExchange refuses a body of another type, such as null.
  if (status === undefined || !body?.length || mayHaveContent(status)) return
  throw breach('app', 'the status', `a ${status} has a body`, 'leave it empty (RFC 9110, 15)')
}

function newExchange({ method, httpVersion }: HttpScope): HttpExchange {
  const facts = { method, httpVersion, keepAlive: true, acceptsTrailers: true }
  return new HttpExchange(facts, NO_IDENTITY)
}

// Lint does not see the bytes of the file, so the exchange that goes on after them has no Content-Length to compare.
function afterFile(
  scope: HttpScope,
  start: HttpResponseStartEvent | undefined,
  pathsend: SendEvent,
): HttpExchange {
  const exchange = newExchange(scope)
  const trailers = start?.trailers ?? false
  exchange.accept({ type: 'http.response.start', status: start?.status ?? 200, trailers })
  exchange.accept(pathsend)
  exchange.fileChunk(null)
  return exchange
}

function unexpected(type: string, expected: string): Error {
  return breach('server', 'the order of events', `${nameOf(type)} came`, `expected ${expected}`)
}
