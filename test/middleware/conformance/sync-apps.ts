// The sync app of each recipe. It has a file of its own because each pool thread loads it.

import { headersOf } from '../../../src/bridge/environ-to-scope.ts'
import type { Environ, HeaderPairs, SyncApp } from 'isthmus'
import type { Recipe, Seen } from './row.ts'

/** The sync app of `recipe`. */
export function syncApp(recipe: Recipe): SyncApp {
  switch (recipe.app) {
    case 'view':
      return (environ, startResponse) => {
        const body = JSON.stringify(seenInEnviron(environ))
        startResponse('200 OK', jsonHead(body))
        return [body]
      }
    case 'whole':
      return (_environ, startResponse) => {
        startResponse(`${recipe.status ?? 200} Reason`, recipe.headers ?? [])
        return recipe.chunks
      }
    case 'streamed':
      return function* (_environ, startResponse) {
        startResponse(`${recipe.status ?? 200} Reason`, recipe.headers ?? [])
        yield* recipe.chunks
      }
    case 'echo':
      return (environ, startResponse) => {
        startResponse('200 OK', [['content-type', 'text/plain']])
        return [environ['wsgi.input'].read()]
      }
    case 'failing':
      return function* (_environ, startResponse) {
        if (recipe.chunks) startResponse('200 OK', [])
        yield* recipe.chunks ?? []
        throw new Error(recipe.message)
      }
  }
}

/** The request as an environ describes it. */
export function seenInEnviron(environ: Environ): Seen {
  const { REMOTE_ADDR: host, REMOTE_PORT: port } = environ
  return {
    method: environ.REQUEST_METHOD,
    scheme: environ['wsgi.url_scheme'],
    path: environ.SCRIPT_NAME + environ.PATH_INFO,
    rootPath: environ.SCRIPT_NAME,
    query: environ.QUERY_STRING,
    client: host === undefined ? null : `${host}:${port}`,
    headers: sorted(headersOf(environ)),
    state: environ['isthmus.state'] ?? {},
    ...(environ.REMOTE_USER !== undefined && { auth: [environ.AUTH_TYPE, environ.REMOTE_USER] }),
  }
}

/** The fields of a request by name, joined as CGI joins them. */
export function sorted(headers: HeaderPairs): Record<string, string> {
  const joined = new Map<string, string>()
  for (const [name, value] of headers) {
    if (HANDSHAKE.test(name)) continue
    const before = joined.get(name)
    joined.set(name, before === undefined ? value : `${before},${value}`)
  }
  return Object.fromEntries([...joined].toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

const HANDSHAKE = /^(?:connection|upgrade|sec-websocket-.*)$/

/** The head of `body`. */
export function jsonHead(body: string): HeaderPairs {
  return [
    ['content-type', 'application/json'],
    ['content-length', String(body.length)],
  ]
}
