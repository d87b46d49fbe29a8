// Whether a request has a body (RFC 9112, 6.3).

import { getHeader } from './headers.ts'
import type { HttpScope } from '../contract/events.ts'

/** True when the head announces a body that is not empty. HTTP/2 announces none: there it may have one. */
export function hasBody({ headers, httpVersion }: HttpScope): boolean {
  const length = getHeader(headers, 'content-length')
  if (length !== undefined) return Number(length) > 0
  return httpVersion === '2' || getHeader(headers, 'transfer-encoding') !== undefined
}
