// requestId(): one name for a request, in its headers, in the app and in its response.

import { randomUUID } from 'node:crypto'
import { validateHeaderName } from 'node:http'
import { completeOptions, invalidOption } from '../complete-options.ts'
import { middleware } from '../chain/middleware.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Options of {@link requestId}. */
export interface RequestIdOptions {
  /** The field that carries the id, both ways. Default `x-request-id`. */
  header?: string | undefined
  /** Whether an id that came with the request is kept, if it is well-formed. Default true. */
  accept?: boolean | undefined
  /** How long an id may be that came with the request, in characters. Default 128. */
  maxLength?: number | undefined
  /** Makes an id. Default `crypto.randomUUID`. */
  generate?: (() => string) | undefined
}

const DEFAULTS: Required<{ [Key in keyof RequestIdOptions]: NonNullable<RequestIdOptions[Key]> }> =
  { header: 'x-request-id', accept: true, maxLength: 128, generate: () => randomUUID() }

// What ids are made of in the field: UUIDs, ULIDs, hex, base64, trace ids. Nothing in it ends a line, opens a tag or
// separates fields, wherever it is written down.
const WELL_FORMED = /^[\w.:@+/=-]+$/

/**
 * Gives every request an id: the one that it came with, if it is well-formed and not too long, or else a new one. The
 * app sees it in the request's header, so that `currentRequest().requestId` has it in a pool thread, and as
 * `requestId` in the state; the client sees it in the response, or with the 101 of its WebSocket.
 *
 * A response that the server gives for an app that failed has no id: put `errorPage()` inside.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an option that is unknown or impossible
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

  if (!isFieldName(header)) {
    throw refused('header', header, 'it is the name of a header')
  }
  if (typeof accept !== 'boolean') throw refused('accept', accept, 'it is true or false')
  if (!Number.isInteger(maxLength) || maxLength < 1) {
    throw refused('maxLength', maxLength, 'it is a whole number above 0')
  }
  if (typeof generate !== 'function') throw refused('generate', generate, 'it is a function')
  return settings
}

function isFieldName(name: string): boolean {
  try {
    validateHeaderName(name)
    return true
  } catch {
    return false
  }
}
