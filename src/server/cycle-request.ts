// What of a request head decides how it is answered and how its body is read, the same for every engine.

import { getHeader, getListHeader, listHasToken } from '../http/headers.ts'
import type { RequestFacts } from '../async/framing.ts'
import type { RequestHead } from './scope.ts'

/** What the engine knows of a request besides its scope. */
export interface CycleRequest extends RequestFacts {
  expectsContinue: boolean
  /** A body follows the head, be it empty. */
  hasBody: boolean
  /** The declared length; null without one. */
  contentLength: number | null
}

/** What decides how a request is answered and how its body is read. */
export function cycleRequest(head: RequestHead, expectsContinue: boolean): CycleRequest {
  const length = getHeader(head.headers, 'content-length')
  const contentLength = length === undefined ? null : Number(length)
  const chunked = getHeader(head.headers, 'transfer-encoding') !== undefined
  return {
    method: head.method,
    httpVersion: head.httpVersion,
    keepAlive: wantsKeepAlive(head),
    acceptsTrailers: listHasToken(getHeader(head.headers, 'te'), 'trailers'),
    expectsContinue,
    hasBody: chunked || (contentLength ?? 0) > 0,
    contentLength,
  }
}

function wantsKeepAlive(head: RequestHead): boolean {
  const connection = getListHeader(head.headers, 'connection')
  // RFC 9112, 9.3: whoever says both wants the end.
  if (listHasToken(connection, 'close')) return false
  return head.httpVersion === '1.1' || listHasToken(connection, 'keep-alive')
}
