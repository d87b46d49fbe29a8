// errorPage(): what a client gets where an app fails: a plain page, or, in development, a helpful one.

import { STATUS_CODES } from 'node:http'
import { inspect } from 'node:util'
import Negotiator from 'negotiator'
import {
  ClientDisconnectedError,
  PeerError,
  ServerShutdownError,
  ServiceError,
  UnsupportedScopeError,
} from '../errors.ts'
import { completeOptions, invalidOption } from '../complete-options.ts'
import { developmentPage, developmentText } from './error-report.ts'
import { middleware } from '../chain/middleware.ts'
import { respond } from '../chain/response.ts'
import type { Complete } from '../complete-options.ts'
import type { ChainRequest } from '../chain/request.ts'
import type { ChainResponse } from '../chain/response.ts'
import type { Wrap } from '../chain/wrap.ts'

/** What failed, for a page of your own. */
export interface ErrorPageFailure {
  /** Of the response: 500, or that of an error of isthmus. */
  readonly status: number
  /** The words for it: `Internal Server Error`. */
  readonly title: string
  /** What was thrown: not for the eyes of a client. */
  readonly error: unknown
}

/** Options of {@link errorPage}. */
export interface ErrorPageOptions {
  /** Whether the page shows the error, its stack and the source. Default: whether `NODE_ENV` is `development`. */
  development?: boolean | undefined
  /** Makes the HTML of the page, where it is not that for development. Default: the status and its words. */
  html?: ((failure: ErrorPageFailure) => string) | undefined
}

const DEFAULTS: Complete<ErrorPageOptions> = {
  get development() {
    return process.env['NODE_ENV'] === 'development'
  },
  html: ({ status, title }) =>
    `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${status} ${title}</h1></html>\n`,
}

const TYPES = ['text/plain', 'text/html', 'application/json']

/**
 * Answers where the app fails before its response has begun, and logs the error: in HTML, in plain text, or as problem
 * details (RFC 9457), whatever the client accepts best. An error of isthmus has a status of its own: 413, 503, 504. A
 * response that has begun is cut, as it is without; a client that left, and a server that shuts down, are none of its
 * concern.
 *
 * Middleware outside of it sees a response like any other: `chain(requestId(), cors(), errorPage())`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 *
 * @example
 * chain(accessLog(), errorPage())(app)
 */
export function errorPage(options: ErrorPageOptions = {}): Wrap {
  const settings = completeOptions('errorPage', options, DEFAULTS)
  if (typeof settings.development !== 'boolean') {
    throw invalidOption('errorPage', 'development', settings.development, 'it is true or false')
  }
  if (typeof settings.html !== 'function') {
    throw invalidOption('errorPage', 'html', settings.html, 'it is a function')
  }

  return middleware('error-page', function* (request, next) {
    try {
      return yield* next(request)
    } catch (error) {
      if (error instanceof ClientDisconnectedError || error instanceof ServerShutdownError)
        throw error
      const status = statusOf(error)
      report(request, error, status)
      const failure = { status, title: STATUS_CODES[status] ?? 'Error', error }
      return page(request, failure, settings)
    }
  })
}

function statusOf(error: unknown): number {
  if (error instanceof PeerError || error instanceof ServiceError) return error.status
  return error instanceof UnsupportedScopeError ? 404 : 500
}

// As the server does for what it answers itself. A pool thread has no log; its `wsgi.errors` leads to that of the server.
function report(
  { environ, log, method, path }: ChainRequest,
  error: unknown,
  status: number,
): void {
  if (status !== 500 && log) return log[levelOf(error)]({ method, path, err: error }, String(error))
  if (log) return log.error({ method, path, err: error }, 'the app failed')
  environ?.['wsgi.errors'].write(`the app failed: ${inspect(error)}\n`)
}

function levelOf(error: unknown): 'info' | 'warn' {
  return error instanceof ServiceError ? 'warn' : 'info'
}

function page(
  request: ChainRequest,
  failure: ErrorPageFailure,
  settings: Complete<ErrorPageOptions>,
): ChainResponse {
  const { status, title, error } = failure
  const { development } = settings
  const isShown = development && status === 500
  const type = request.kind === 'websocket' ? 'text/plain' : typeFor(request)
  if (type === 'text/html') {
    const body = isShown ? developmentPage(request, failure) : settings.html(failure)
    return answer(failure, 'text/html; charset=utf-8', body)
  }
  if (type === 'text/plain') {
    const text = isShown ? developmentText(error) : title
    return answer(failure, 'text/plain; charset=utf-8', `${text}\n`)
  }
  const detail = isShown ? { detail: developmentText(error) } : {}
  return answer(failure, 'application/problem+json', JSON.stringify({ title, status, ...detail }))
}

function typeFor({ headers }: ChainRequest): string {
  const accept = headers.get('accept')?.replaceAll('application/problem+json', 'application/json')
  const negotiator = new Negotiator({ headers: accept === undefined ? {} : { accept } })
  return negotiator.mediaType(TYPES) ?? 'text/plain'
}

function answer({ status }: ErrorPageFailure, type: string, body: string): ChainResponse {
  const response = respond(
    status,
    [
      ['content-type', type],
      ['content-length', String(Buffer.byteLength(body))],
      ['cache-control', 'no-store'],
      ['x-content-type-options', 'nosniff'],
      ['content-security-policy', "default-src 'none'; style-src 'unsafe-inline'"],
    ],
    body,
  )
  if (status === 503) response.headers.set('retry-after', '1')
  return response
}
