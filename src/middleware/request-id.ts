// requestId(): gives each request an id, which the app, the logs and the client see.

import { randomUUID } from 'node:crypto'
import { isToken } from '../http/headers.ts'
import { checkNumber, completeOptions, invalidOption } from '../complete-options.ts'
import { middleware } from '../chain/middleware.ts'
import type { Complete } from '../complete-options.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Options of {@link requestId}. */
export interface RequestIdOptions {
  /** The name of the header that carries the id, in the request and in the response. Default `x-request-id`. */
  header?: string | undefined
  /** Whether a request keeps the id that it came with, if the id is well-formed. Default true. */
  accept?: boolean | undefined
  /** The longest id that a request may keep, in characters. Default 128. */
  maxLength?: number | undefined
  /** Makes a new id. Default `crypto.randomUUID`. */
  generate?: (() => string) | undefined
}

const DEFAULTS: Complete<RequestIdOptions> = {
  header: 'x-request-id',
  accept: true,
  maxLength: 128,
  generate: () => randomUUID(),
}

// The characters of common ids: UUIDs, ULIDs, hex, base64, trace ids. None of them ends a line, opens a tag or separates
// fields in a log or a page that shows the id.
const WELL_FORMED = /^[\w.:@+/=-]+$/

/**
 * Gives each request an id: the id that it came with, if that is well-formed and not too long, else a new one. The app
 * finds it as `requestId` in the state and in the header of the request; `currentRequest().requestId` reads that header,
 * in a pool thread too. The client finds it in the response, or in the 101 of its WebSocket.
 *
 * If the app fails, the server's own response has no id: put `errorPage()` inside.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 *
 * @example
 * chain(requestId(), accessLog())(app)
 */
export function requestId(options: RequestIdOptions = {}): Wrap {
  const { header, accept, maxLength, generate } = checked(options)
  return middleware('request-id', function* (request, next) {
    const sent = accept ? request.headers.get(header) : undefined
    const id = sent && sent.length <= maxLength && WELL_FORMED.test(sent) ? sent : generate()
    const named = request.with({ headers: { [header]: id }, state: { requestId: id } })
    const response = yield* next(named)
    response.headers.set(header, id)
    return response
  })
}

function checked(options: RequestIdOptions): typeof DEFAULTS {
  const settings = completeOptions('requestId', options, DEFAULTS)
  const { header, accept, maxLength, generate } = settings
  const refused = (option: string, value: unknown, remedy: string): Error =>
    invalidOption('requestId', option, value, remedy)

  if (typeof header !== 'string' || !isToken(header)) {
    throw refused('header', header, 'it is the name of a header')
  }
  if (typeof accept !== 'boolean') throw refused('accept', accept, 'it is true or false')
  checkNumber('requestId', 'maxLength', maxLength, { min: 1, isWhole: true })
  if (typeof generate !== 'function') throw refused('generate', generate, 'it is a function')
  return settings
}
