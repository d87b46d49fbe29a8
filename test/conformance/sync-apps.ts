// The sync app of every trio, in a separate file because the threads have to load it: see in-threads.ts.

import type { HeaderPairs, SyncApp } from 'isthmus'

/** The facts that an app tells a test about its work. */
export interface Journal {
  /** The number of chunks that were pulled. */
  produced: number
  /** The names of the cleaned-up parts, in order. */
  cleanup: string[]
}

/** The key of the environment data under which a thread finds the words on which apps wait. */
export const GATES_KEY = 'conformance-gates'

/** Sends `chunks` one by one. */
export function streamed(status: number, headers: HeaderPairs, chunks: string[]): SyncApp {
  return function* (_environ, startResponse) {
    startResponse(`${status} Reason`, headers)
    yield* chunks
  }
}

/** Answers with `chunks` as one Array. */
export function whole(status: number, headers: HeaderPairs, chunks: string[]): SyncApp {
  return (_environ, startResponse) => {
    startResponse(`${status} Reason`, headers)
    return chunks
  }
}

/** Answers with the request's body. */
export const echo: SyncApp = (environ, startResponse) => {
  startResponse('200 OK', [['content-type', 'text/plain']])
  return [environ['wsgi.input'].read()]
}

/** Answers with the facts of the request that the app sees. */
export const view: SyncApp = (environ, startResponse) => {
  startResponse('200 OK', [['content-type', 'text/plain']])
  return [JSON.stringify(environView(environ))]
}

/** Throws after `chunks`; without chunks, before any byte is sent. */
export function failing(chunks: string[]): SyncApp {
  return function* (_environ, startResponse) {
    startResponse('200 OK', [['x-of', 'app']])
    yield* chunks
    throw new Error('broken')
  }
}

/** Sends without end, and cleans up. */
export function endless(journal: Journal): SyncApp {
  const block = new Uint8Array(65_536)
  return (_environ, startResponse) => {
    startResponse('200 OK', [])
    const body = (function* () {
      try {
        for (; ; journal.produced += 1) yield block
      } finally {
        journal.cleanup.push('finally')
      }
    })()
    return Object.assign(body, { close: () => void journal.cleanup.push('close') })
  }
}

/** Sends `first`, then calls `wait`, then sends `second`. */
export function gated(wait: () => void): SyncApp {
  return function* (_environ, startResponse) {
    startResponse('200 OK', [])
    yield 'first'
    wait()
    yield 'second'
  }
}

/** The values of a scope, read from an environ. */
export function environView(environ: Parameters<SyncApp>[0]): Record<string, unknown> {
  return {
    method: environ.REQUEST_METHOD,
    root: environ.SCRIPT_NAME,
    path: environ.PATH_INFO,
    query: environ.QUERY_STRING,
    uri: environ.REQUEST_URI,
    protocol: environ.SERVER_PROTOCOL,
    scheme: environ['wsgi.url_scheme'],
    type: environ.CONTENT_TYPE ?? null,
    length: environ.CONTENT_LENGTH ?? null,
    twice: environ['HTTP_X_TWICE'] ?? null,
    cookie: environ['HTTP_COOKIE'] ?? null,
  }
}
