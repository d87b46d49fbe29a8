// The one transfer coding that this server takes in a request (RFC 9112, 6.1).

import { BadRequestError } from '../errors.ts'
import { isToken } from './headers.ts'
import { listMembers } from './list.ts'

/**
 * The reason why this Transfer-Encoding is refused; null for `chunked`. A coding that the server does not understand
 * leaves the end of the body in doubt.
 *
 * The status is 501 for another coding; it is 400 in HTTP/1.0, which has no codings, for `chunked` that is not last, and
 * for a value that is no list of codings.
 */
export function transferCodingFault(
  value: string,
  httpVersion: '1.0' | '1.1',
): BadRequestError | null {
  if (httpVersion === '1.0') return new BadRequestError('HTTP/1.0 has no transfer codings')
  if (value.toLowerCase() === 'chunked') return null

  const shown = JSON.stringify(value)
  const codings = listMembers(value.toLowerCase())
  if (!codings.every(isToken) || codings.slice(0, -1).includes('chunked')) {
    return new BadRequestError(`transfer coding ${shown} leaves the end of the body in doubt`)
  }
  return new BadRequestError(`transfer coding ${shown} is not understood`, 501)
}
