// Each app three times: sync, async-iterable, events. All three answer with the same bytes.

import { setImmediate as turn } from 'node:timers/promises'
import { answer, httpApp, readAll } from '../raw/http-app.ts'
import * as syncApps from './sync-apps.ts'
import { environView } from './sync-apps.ts'
import type { EventApp, HeaderPairs, HttpScope, IterableApp, Send, SyncApp } from 'isthmus'
import type { Recipe } from './in-threads.ts'
import type { Journal } from './sync-apps.ts'

/** One app in every style. */
export interface Trio {
  sync: SyncApp
  iterable: IterableApp
  events: EventApp
  /** The recipe from which a thread makes the sync app. */
  recipe: Recipe
}

/** Sends `chunks` one by one. */
export function streamed(status: number, headers: HeaderPairs, chunks: string[]): Trio {
  return {
    sync: syncApps.streamed(status, headers, chunks),
    recipe: { app: 'streamed', args: [status, headers, chunks] },
    iterable: async function* (_environ, startResponse) {
      startResponse(`${status} Reason`, headers)
      yield* chunks
    },
    events: httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status, headers })
      await sendAll(send, chunks)
    }),
  }
}

/** Answers with `chunks` at once: as an Array, or as one event. */
export function whole(status: number, headers: HeaderPairs, chunks: string[]): Trio {
  return {
    sync: syncApps.whole(status, headers, chunks),
    recipe: { app: 'whole', args: [status, headers, chunks] },
    iterable: async (_environ, startResponse) => {
      startResponse(`${status} Reason`, headers)
      return chunks
    },
    events: httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status, headers })
      await send({ type: 'http.response.body', body: chunks.join('') })
    }),
  }
}

/** Answers with the request's body. */
export const echo: Trio = {
  sync: syncApps.echo,
  recipe: { app: 'echo' },
  iterable: async (environ, startResponse) => {
    startResponse('200 OK', [['content-type', 'text/plain']])
    return [await environ['wsgi.input'].readAsync()]
  },
  events: httpApp(async (_scope, receive, send) => answer(send, await readAll(receive))),
}

/** Answers with the facts of the request that the app sees, in the terms of the scope. */
export const view: Trio = {
  sync: syncApps.view,
  recipe: { app: 'view' },
  iterable: async (environ, startResponse) => {
    startResponse('200 OK', [['content-type', 'text/plain']])
    return [JSON.stringify(environView(environ))]
  },
  events: httpApp((scope, _receive, send) => answer(send, JSON.stringify(scopeView(scope)))),
}

/** Throws after `chunks`; without chunks, before any byte is sent. */
export function failing(chunks: string[]): Trio {
  return {
    sync: syncApps.failing(chunks),
    recipe: { app: 'failing', args: [chunks] },
    iterable: async function* (_environ, startResponse) {
      startResponse('200 OK', [['x-of', 'app']])
      yield* chunks
      throw new Error('broken')
    },
    events: httpApp(async (_scope, _receive, send) => {
      if (chunks.length === 0) throw new Error('broken')
      await send({ type: 'http.response.start', status: 200, headers: [['x-of', 'app']] })
      for (const body of chunks) await send({ type: 'http.response.body', body, moreBody: true })
      throw new Error('broken')
    }),
  }
}

/** Sends without end, and cleans up. */
export function endless(journal: Journal): Trio {
  const block = new Uint8Array(65_536)
  const finish = (): void => void journal.cleanup.push('finally')
  const close = (): void => void journal.cleanup.push('close')
  return {
    sync: syncApps.endless(journal),
    recipe: { app: 'endless', journal },
    iterable: (_environ, startResponse) => {
      startResponse('200 OK', [])
      const body = (async function* () {
        try {
          for (; ; journal.produced += 1) yield block
        } finally {
          finish()
        }
      })()
      return Object.assign(body, { close })
    },
    events: httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      try {
        for (; ; journal.produced += 1) {
          await send({ type: 'http.response.body', body: block, moreBody: true })
          await turn()
        }
      } finally {
        finish()
        close()
      }
    }),
  }
}

/** Sends `first`, then waits for `gate`, then sends `second`. */
export function gated(gate: Promise<void>): Trio {
  return {
    sync: syncApps.gated(() => undefined),
    recipe: { app: 'gated', gate },
    iterable: async function* (_environ, startResponse) {
      startResponse('200 OK', [])
      yield 'first'
      await gate
      yield 'second'
    },
    events: httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      await send({ type: 'http.response.body', body: 'first', moreBody: true })
      await gate
      await sendAll(send, ['second'])
    }),
  }
}

async function sendAll(send: Send, chunks: string[]): Promise<void> {
  for (const body of chunks) await send({ type: 'http.response.body', body, moreBody: true })
  await send({ type: 'http.response.body' })
}

function scopeView(scope: HttpScope): Record<string, unknown> {
  const joined = (name: string, joint: string): string | null => {
    const values = scope.headers.filter(([other]) => other === name).map(([, value]) => value)
    return values.length === 0 ? null : values.join(joint)
  }
  return {
    method: scope.method,
    root: scope.rootPath,
    path: scope.path.slice(scope.rootPath.length),
    query: scope.queryString,
    uri: scope.queryString === '' ? scope.rawPath : `${scope.rawPath}?${scope.queryString}`,
    protocol: `HTTP/${scope.httpVersion}`,
    scheme: scope.scheme,
    type: joined('content-type', ','),
    length: joined('content-length', ','),
    twice: joined('x-twice', ','),
    cookie: joined('cookie', '; '),
  }
}
