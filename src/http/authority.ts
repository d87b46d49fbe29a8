// The authority to which a request is addressed: its Host field, or the authority in its target (RFC 9112, 3.2).

import { isIPv6 } from 'node:net'
import { BadRequestError } from '../errors.ts'

// uri-host with an optional port (RFC 3986, 3.2.2). A value in another form must not reach links, logs or a cache key. The
// alternatives of a name begin with different characters, so that the expression takes linear time.
const NAME = /^(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*(?::\d*)?$/i
const LITERAL = /^\[([^\]]*)\](?::\d*)?$/
const IP_FUTURE = /^v[\da-f]+\.[\w.~!$&'()*+,;=:-]+$/i

/** The reason why `value` is no authority; null for a good one, which may be empty. */
export function authorityFault(value: string): BadRequestError | null {
  if (NAME.test(value) || isAddress(LITERAL.exec(value)?.[1])) return null
  return new BadRequestError(`Host ${JSON.stringify(value)} is not a host`)
}

// A zone after `%` is for one host alone (RFC 9844); isIPv6() takes it.
function isAddress(literal: string | undefined): boolean {
  if (literal === undefined) return false
  return (isIPv6(literal) && !literal.includes('%')) || IP_FUTURE.test(literal)
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
