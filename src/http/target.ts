// The request target: its form (RFC 9112, 3.2), its path and its query.

import { BadRequestError } from '../errors.ts'

/** The parts of a target. */
export interface Target {
  /** Percent-decoded and read as UTF-8; `*` for the asterisk form. */
  readonly path: string
  /** The path as the client sent it. */
  readonly rawPath: string
  /** The query as the client sent it, without the `?`. */
  readonly queryString: string
  /** The authority of an absolute-form target, which replaces Host (RFC 9112, 3.2.2). */
  readonly authority: string | null
}

/** The value in a head whose target is malformed. */
export const NO_TARGET: Target = { path: '', rawPath: '', queryString: '', authority: null }

const ASTERISK: Target = { path: '*', rawPath: '*', queryString: '', authority: null }

// The pattern refuses user information, which could look like the host (RFC 9110, 4.2.4).
const ABSOLUTE = /^https?:\/\/([^/?@]+)([/?].*)?$/i

/**
 * Splits the target of a request line into its parts. Its octets have to be printable ASCII: the native parser checks
 * this while it reads, and {@link octetFault} checks it for other engines.
 *
 * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) for a target in no form of RFC 9112, 3.2, with a fragment, or
 * with `%00` in its path
 */
export function parseTarget(method: string, target: string): Target {
  if (target.includes('#')) throw forbiddenOctet()
  if (target.startsWith('/')) return originForm(target, null)
  if (target === '*' && method === 'OPTIONS') return ASTERISK

  const absolute = ABSOLUTE.exec(target)
  if (!absolute)
    throw new BadRequestError('the request target has none of the forms of RFC 9112, 3.2')
  const pathAndQuery = absolute[2] ?? ''
  const isRooted = pathAndQuery.startsWith('/')
  return originForm(isRooted ? pathAndQuery : `/${pathAndQuery}`, absolute[1] ?? null)
}

// Printable ASCII without SP is allowed.
const FORBIDDEN = /[^\x21-\x7e]/

/** The reason why the octets of `target` are refused; null for good ones. {@link parseTarget} checks the form. */
export function octetFault(target: string): BadRequestError | null {
  return FORBIDDEN.test(target) ? forbiddenOctet() : null
}

function forbiddenOctet(): BadRequestError {
  return new BadRequestError('the request target has a forbidden character')
}

function originForm(target: string, authority: string | null): Target {
  const mark = target.indexOf('?')
  const rawPath = mark < 0 ? target : target.slice(0, mark)
  const queryString = mark < 0 ? '' : target.slice(mark + 1)
  return { path: decodePath(rawPath), rawPath, queryString, authority }
}

/**
 * Percent-decodes a path and reads it as UTF-8. Malformed bytes become U+FFFD, and a malformed escape stays unchanged.
 * `%00` is refused: no path has a NUL, and file systems cut the path there.
 */
export function decodePath(rawPath: string): string {
  if (!rawPath.includes('%')) return rawPath
  if (rawPath.includes('%00')) throw new BadRequestError('the request path has a %00')
  try {
    return decodeURIComponent(rawPath)
  } catch {
    return decodeLeniently(rawPath)
  }
}

function decodeLeniently(rawPath: string): string {
  return rawPath.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  )
}
