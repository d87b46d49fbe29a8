// The authority to which a request is addressed: its Host field, or the authority in its target (RFC 9112, 3.2).

import { BadRequestError } from '../errors.ts'

// uri-host with an optional port. A value in another form must not reach links, logs or a cache key.
const AUTHORITY = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i

/** The reason why `value` is no authority; null for a good one, which may be empty. */
export function authorityFault(value: string): BadRequestError | null {
  if (AUTHORITY.test(value)) return null
  return new BadRequestError(`Host ${JSON.stringify(value)} is not a host`)
}

/**
 * The reason why the Host fields of a request are refused; null for good ones. HTTP/1.1 demands one Host.
 *
 * @param first the value of the first Host field
 * @param count the number of Host fields
 */
export function hostFault(
  first: string | undefined,
  count: number,
  httpVersion: '1.0' | '1.1',
): BadRequestError | null {
  if (count > 1) return new BadRequestError('Host occurs more than once')
  if (first !== undefined) return authorityFault(first)
  return httpVersion === '1.1' ? new BadRequestError('Host is missing') : null
}
