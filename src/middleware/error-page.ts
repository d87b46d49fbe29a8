// errorPage(): the answer to a client when an app fails: a plain page, or, in development, a helpful one.

import { STATUS_CODES } from 'node:http'
import { inspect } from 'node:util'
import Negotiator from 'negotiator'
import { ConnectionCutError } from '../errors.ts'
import { completeOptions, invalidOption } from '../complete-options.ts'
import { developmentPage, developmentText } from './error-report.ts'
import { failureLine, judgeError } from '../http/error-verdict.ts'
import { isSignalReason } from '../http/stop-reason.ts'
import { middleware } from '../chain/middleware.ts'
import { isReloaded, RELOAD_POLICY } from '../reload-page.ts'
import { respond } from '../chain/response.ts'
import type { Complete } from '../complete-options.ts'
import type { ChainRequest } from '../chain/request.ts'
import type { ChainResponse } from '../chain/response.ts'
import type { ErrorVerdict } from '../http/error-verdict.ts'
import type { Wrap } from '../chain/wrap.ts'

/** A failure, for a page of your own. */
export interface ErrorPageFailure {
  /** The status of the response: that of an error of isthmus, else 500. */
  readonly status: number
  /** The reason phrase of the status: `Internal Server Error`. */
  readonly title: string
  /** The error, of any type. A client must not see it. */
  readonly error: unknown
}

/** Options of {@link errorPage}. */
export interface ErrorPageOptions {
  /** Whether the page shows the error, its stack and the source. Default: whether `NODE_ENV` is `development`. */
  development?: boolean | undefined
  /** Makes the HTML of the page, except for the page in development. Default: the status and its reason phrase. */
  html?: ((failure: ErrorPageFailure) => string) | undefined
}

const DEFAULTS: Complete<ErrorPageOptions> = {
  get development() {
    return process.env['NODE_ENV'] === 'development'
  },
  html: ({ status, title }) =>
    `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${status} ${title}</h1></html>\n`,
}

const POLICY = "default-src 'none'; style-src 'unsafe-inline'"
const TYPES = ['text/plain', 'text/html', 'application/json']

/**
 * Answers when the app fails before its response has begun, and logs the error. The answer is HTML, plain text, or
 * problem details (RFC 9457): the type that the client prefers. An error of isthmus has a status of its own, such as 413,
 * 503 or 504. A response that has begun is cut, with or without this middleware. The errors of a
 * client that left and of a server that shuts down pass through.
 *
 * Middleware outside sees an ordinary response: `chain(requestId(), cors(), errorPage())`.
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
      if (isEnd(error)) throw error
      const verdict = judgeError(error)
      const { status } = verdict
      report(request, error, verdict)
      const failure = { status, title: STATUS_CODES[status] ?? 'Error', error }
      return page(request, failure, settings)
    }
  })
}

// No client waits for a page any more, or none shall get one.
function isEnd(error: unknown): boolean {
  return error instanceof ConnectionCutError || isSignalReason(error)
}

// The line of the server for the same error. A pool thread has no log; its `wsgi.errors` leads to the log of the server.
function report(
  { environ, log, method, path }: ChainRequest,
  error: unknown,
  verdict: ErrorVerdict,
): void {
  const { message, err } = failureLine(error, verdict)
  if (log)
    return log[verdict.level](err === undefined ? { method, path } : { method, path, err }, message)
  environ?.['wsgi.errors'].write(`the app failed: ${inspect(error)}\n`)
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
    const response = answer(failure, 'text/html; charset=utf-8', body)
    if (isShown && isReloaded()) {
      response.headers.set('content-security-policy', `${POLICY}; ${RELOAD_POLICY}`)
    }
    return response
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
      ['content-security-policy', POLICY],
    ],
    body,
  )
  if (status === 503) response.headers.set('retry-after', '1')
  return response
}
