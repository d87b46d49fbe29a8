// Environ to scope: one pure function, the inverse of scope-to-environ.ts.
//
// A conversion from scope to environ and back loses these values: the order and repetition of headers (repeated ones
// come back joined), the difference between `-` and `_` in header names, an empty Content-Type or Content-Length, the
// Content-Length of a chunked body, a server that is unknown or a unix socket, and the extensions.

import { ASGI } from '../async/asgi-version.ts'
import type { Environ } from '../contract/environ.ts'
import type { HeaderPairs, HttpScope } from '../contract/events.ts'

const NO_EXTENSIONS = Object.freeze({})

/**
 * The HTTP scope of `environ`. The original is kept at `scope['isthmus.environ']`.
 *
 * @see docs/semantics.md, 3c.1 to 3c.4
 */
export function environToScope(environ: Environ): HttpScope & { 'isthmus.environ': Environ } {
  const [rawPath, queryString] = targetOf(environ)
  const original = environ['isthmus.scope']
  return {
    type: 'http',
    asgi: ASGI,
    httpVersion: environ.SERVER_PROTOCOL.replace('HTTP/', '') as HttpScope['httpVersion'],
    method: environ.REQUEST_METHOD,
    scheme: environ['wsgi.url_scheme'] === 'https' ? 'https' : 'http',
    path: environ.SCRIPT_NAME + environ.PATH_INFO,
    rawPath,
    queryString,
    rootPath: environ.SCRIPT_NAME,
    headers: headersOf(environ),
    client: environ.REMOTE_ADDR ? [environ.REMOTE_ADDR, portOf(environ.REMOTE_PORT)] : null,
    server: [environ.SERVER_NAME, portOf(environ.SERVER_PORT)],
    state: environ['isthmus.state'] ?? {},
    extensions: NO_EXTENSIONS,
    'isthmus.environ': environ,
    'isthmus.channels': environ['isthmus.channels'],
    ...(environ.REMOTE_USER !== undefined && {
      'isthmus.auth': { type: environ.AUTH_TYPE ?? '', user: environ.REMOTE_USER },
    }),
    ...(original?.['isthmus.exchange'] && {
      'isthmus.exchange': original['isthmus.exchange'],
    }),
  }
}

function targetOf(environ: Environ): [rawPath: string, queryString: string] {
  const rawPath = environ.REQUEST_URI?.split('?', 1)[0]
  return [rawPath ?? encodePath(environ.SCRIPT_NAME + environ.PATH_INFO), environ.QUERY_STRING]
}

// encodeURI() keeps ? and #, which would end the path. It throws at a lone surrogate, so a Buffer makes that U+FFFD.
function encodePath(path: string): string {
  return encodeURI(Buffer.from(path).toString()).replace(/[?#]/g, encodeURIComponent)
}

function portOf(text: string | undefined): number {
  return Number.parseInt(text ?? '', 10) || 0
}

/** The headers in `environ`, with names in lower case; repeated ones are joined. */
export function headersOf(environ: Environ): HeaderPairs {
  const headers: HeaderPairs = []
  for (const key of Object.keys(environ)) {
    const name = nameOf(key)
    // Other keys are not read: a read of isthmus.signal would create the signal.
    if (name === undefined) continue
    const value = environ[key]
    if (typeof value !== 'string' || (value === '' && CONTENT.has(key))) continue
    headers.push([name, value])
  }
  return headers
}

// These two never have the prefix HTTP_ (RFC 3875, 4.1.18).
const CONTENT = new Set(['CONTENT_TYPE', 'CONTENT_LENGTH'])

function nameOf(key: string): string | undefined {
  if (CONTENT.has(key)) return headerName(key)
  if (!key.startsWith('HTTP_') || CONTENT.has(key.slice(5))) return undefined
  return headerName(key.slice(5))
}

function headerName(key: string): string {
  return key.toLowerCase().replaceAll('_', '-')
}
