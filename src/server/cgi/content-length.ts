// The length of a body as the variables of CGI tell it.
// @see RFC 3875, 4.1.2

import { BadRequestError } from '../../errors.ts'
import { isDigits } from '../../http/headers.ts'
import type { Variables } from './protocol.ts'

const MOST_DIGITS = 15

/**
 * The bytes that CONTENT_LENGTH announces; null without a value.
 *
 * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) for a value that is no number, and for two different ones
 */
export function announcedLength(variables: Variables): number | null {
  const lengths = variables.filter(([name]) => name === 'CONTENT_LENGTH').map(([, value]) => value)
  const [length = ''] = lengths
  if (lengths.some((other) => other !== length)) {
    throw new BadRequestError('CONTENT_LENGTH was given twice with different values')
  }
  if (length === '') return null
  if (isDigits(length) && length.length <= MOST_DIGITS) return Number(length)
  throw new BadRequestError('CONTENT_LENGTH is not a number of bytes')
}
