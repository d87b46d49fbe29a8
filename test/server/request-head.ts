// A request head for tests: GET / from an unknown client, unless a test says otherwise.

import { requestHead } from '../../src/http/request-head.ts'
import type { Endpoints, FieldFacts, RequestHead } from '../../src/http/request-head.ts'

/** The ends of a connection that the engine knows nothing about. */
export const UNKNOWN_ENDS: Endpoints = { client: null, server: null, secure: false, tls: null }

const FACTS: FieldFacts = {
  keepAlive: true,
  acceptsTrailers: false,
  expectsContinue: false,
  hasBody: false,
  contentLength: null,
  hasUnderscore: false,
  fault: null,
}

/** A head without fields, with these parts. */
export function headWith(parts: Partial<RequestHead> = {}): RequestHead {
  const { method = 'GET', target = '/', httpVersion = '1.1' } = parts
  const head = requestHead({ method, target, httpVersion }, [], FACTS, UNKNOWN_ENDS)
  return { ...head, ...parts }
}
