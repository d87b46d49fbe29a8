// Environ to scope: one pure function, the inverse of environ.ts.
//
// What scope to environ to scope loses: the order and repetition of headers (repeated ones come back joined),
// `-` against `_` in header names, and the port of a client that has none.

import type { Environ } from '../contract/environ.ts'
import type { HeaderPairs, HttpScope } from '../contract/events.ts'

const ASGI = Object.freeze({ version: '3.0', specVersion: '2.5' } as const)
const NO_EXTENSIONS = Object.freeze({})

/**
 * The HTTP scope of `environ`. The original is kept at `scope['isthmus.environ']`.
 *
 * @see SEMANTICS 3c.1 to 3c.4
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
    client: environ.REMOTE_ADDR
      ? [environ.REMOTE_ADDR, Number.parseInt(environ.REMOTE_PORT ?? '0', 10)]
      : null,
    server: [environ.SERVER_NAME, Number.parseInt(environ.SERVER_PORT, 10)],
    state: environ['isthmus.state'] ?? {},
    extensions: NO_EXTENSIONS,
    'isthmus.environ': environ,
    ...(original?.['isthmus.connection'] && {
      'isthmus.connection': original['isthmus.connection'],
    }),
  }
}

function targetOf(environ: Environ): [rawPath: string, queryString: string] {
  const path = environ.SCRIPT_NAME + environ.PATH_INFO
  const rawPath = environ.REQUEST_URI?.split('?', 1)[0] ?? encodeURI(path)
  return [rawPath, environ.QUERY_STRING]
}

function headersOf(environ: Environ): HeaderPairs {
  const headers: HeaderPairs = []
  for (const [key, value] of Object.entries(environ)) {
    if (typeof value !== 'string') continue
    if (CONTENT.has(key)) headers.push([headerName(key), value])
    else if (key.startsWith('HTTP_') && !CONTENT.has(key.slice(5))) {
      headers.push([headerName(key.slice(5)), value])
    }
  }
  return headers
}

// CGI has these two without HTTP_, and only without (RFC 3875, 4.1.18).
const CONTENT = new Set(['CONTENT_TYPE', 'CONTENT_LENGTH'])

function headerName(key: string): string {
  return key.toLowerCase().replaceAll('_', '-')
}
