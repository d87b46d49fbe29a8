// The request target: its form (RFC 9112, 3.2), its path and its query.

import { BadRequestError } from '../errors.ts'

/** A target taken apart. */
export interface Target {
  /** Percent-decoded and read as UTF-8; `*` for the asterisk form. */
  path: string
  /** As sent. */
  rawPath: string
  /** As sent, without the `?`. */
  queryString: string
  /** The authority of an absolute-form target, which replaces Host (RFC 9112, 3.2.2). */
  authority: string | null
}

// Without user information, which could pass for the host (RFC 9110, 4.2.4).
const ABSOLUTE = /^https?:\/\/([^/?@]+)([/?].*)?$/i

/**
 * Takes the target of a request line apart.
 *
 * @throws {@link BadRequestError} for a target in no form of RFC 9112, 3.2, or with `%00` in its path
 */
export function parseTarget(method: string, target: string): Target {
  if (!isVisible(target)) throw new BadRequestError('the request target has a forbidden character')
  if (target.startsWith('/')) return originForm(target, null)
  if (target === '*' && method === 'OPTIONS') {
    return { path: '*', rawPath: '*', queryString: '', authority: null }
  }

  const absolute = ABSOLUTE.exec(target)
  if (!absolute)
    throw new BadRequestError('the request target has none of the forms of RFC 9112, 3.2')
  const rest = absolute[2] ?? ''
  return originForm(rest.startsWith('/') ? rest : `/${rest}`, absolute[1] ?? null)
}

// Printable ASCII without the fragment's mark. Most targets are short: a regular expression takes longer to begin.
function isVisible(target: string): boolean {
  for (let at = 0; at < target.length; at++) {
    const octet = target.charCodeAt(at)
    if (octet < 0x21 || octet > 0x7e || octet === 0x23) return false
  }
  return target !== ''
}

function originForm(target: string, authority: string | null): Target {
  const mark = target.indexOf('?')
  const rawPath = mark < 0 ? target : target.slice(0, mark)
  const queryString = mark < 0 ? '' : target.slice(mark + 1)
  return { path: decodePath(rawPath), rawPath, queryString, authority }
}

/**
 * Percent-decodes a path and reads it as UTF-8. Malformed bytes become U+FFFD, a malformed escape stays as
 * it is, and `%00`, which no path has and file systems choke on, is refused.
 */
function decodePath(rawPath: string): string {
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
