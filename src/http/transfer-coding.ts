// The one transfer coding that this server takes of a request (RFC 9112, 6.1).

import { BadRequestError } from '../errors.ts'
import { TOKEN } from './headers.ts'

// Codings, one or more, without parameters.
const CODINGS = new RegExp(`^${TOKEN}(?:[ \\t]*,[ \\t]*${TOKEN})*$`)
const CHUNKED_NOT_LAST = /(?:^|[, \t])chunked[ \t]*,/i

/**
 * Refuses every Transfer-Encoding but `chunked`: a coding that is not understood leaves no way to tell where
 * the body ends.
 *
 * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) 501 for another coding; 400 in HTTP/1.0, which has none, for
 *   `chunked` that is not last, and for what is no list of codings
 */
export function requireChunked(value: string, httpVersion: '1.0' | '1.1'): void {
  if (httpVersion === '1.0') throw new BadRequestError('HTTP/1.0 has no transfer codings')
  if (value.toLowerCase() === 'chunked') return

  const shown = JSON.stringify(value)
  if (!CODINGS.test(value) || CHUNKED_NOT_LAST.test(value)) {
    throw new BadRequestError(`transfer coding ${shown} leaves the end of the body in doubt`)
  }
  throw new BadRequestError(`transfer coding ${shown} is not understood`, 501)
}
