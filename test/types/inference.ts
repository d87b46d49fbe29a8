// Programs whose types TypeScript infers. The compiler is the test: each parameter that it does not infer is an error.

import { chain, mount, serve, toEvents, toIterable } from 'isthmus'
import { toFetch, toNode } from 'isthmus/adapters'
import { lint, testClient } from 'isthmus/testing'
import type { EventApp, HostedApp, IterableApp, Server, SyncApp } from 'isthmus'

/** Each function that takes an app takes a function without a type. */
export async function served(hosted: HostedApp): Promise<Server[]> {
  return [
    await serve((environ, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/plain']])
      const cookie: string | undefined = environ.HTTP_COOKIE
      const accept: string = environ['HTTP_ACCEPT'] ?? environ.PATH_INFO
      // @ts-expect-error another key may have any value
      const other: string = environ['tenant']
      return [cookie ?? accept, environ['wsgi.input'].read(), other]
    }),
    await serve(function* (environ, startResponse) {
      startResponse('200 OK', [])
      yield environ.PATH_INFO
    }),
    await serve(async function* (environ, startResponse) {
      startResponse('200 OK', [])
      yield await Promise.resolve(environ.PATH_INFO)
    }),
    await serve(async (environ, startResponse) => {
      startResponse('200 OK', [])
      return [await Promise.resolve(environ.PATH_INFO)]
    }),
    await serve(async (scope, receive, send) => {
      if (scope.type !== 'http') return
      await receive()
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: scope.path })
    }),
    await serve(
      {
        '/live': async (scope, receive, send) => {
          if (scope.type === 'websocket') await receive()
          await send({ type: 'websocket.accept' })
        },
        '/': (environ, startResponse) => {
          startResponse('200 OK', [])
          return [environ.PATH_INFO]
        },
      },
      { port: 0 },
    ),
    await serve(hosted),
    // @ts-expect-error a number is no body
    await serve((environ, startResponse) => {
      startResponse('200 OK', [])
      return environ.PATH_INFO.length
    }),
  ]
}

/** The functions that take an app, and give one of a known style. */
export function apps(own: SyncApp, awaiting: IterableApp): Record<string, EventApp> {
  const sync: SyncApp = chain()((environ, startResponse) => {
    startResponse('200 OK', [])
    return [environ.PATH_INFO]
  })
  const events: EventApp = chain()(async (scope, _receive, send) => {
    if (scope.type === 'http') await send({ type: 'http.response.start', status: 200 })
  })
  const iterable: IterableApp = chain()(async function* (environ, startResponse) {
    startResponse('200 OK', [])
    yield await Promise.resolve(environ.PATH_INFO)
  })
  const linted: SyncApp = lint((environ, startResponse) => {
    startResponse('200 OK', [])
    return [environ.PATH_INFO]
  })
  toIterable((environ, startResponse) => {
    startResponse('200 OK', [])
    return [environ.PATH_INFO]
  })
  const mounted = mount({
    '/': (environ, startResponse) => own(environ, startResponse),
    '/own': own,
    '/wait': awaiting,
  })
  return {
    mounted: chain()(mounted),
    iterable: toEvents(iterable),
    sync: toEvents(chain()(lint(sync))),
    events: chain()(lint(events)),
    linted: toEvents(linted),
    inline: toEvents(async (_scope, _receive, send) => send({ type: 'websocket.accept' })),
  }
}

/** The functions for other servers, and for tests. */
export async function embedded(): Promise<unknown[]> {
  return [
    toNode((environ, startResponse) => {
      startResponse('204 No Content', [])
      return [environ.PATH_INFO]
    }),
    toFetch(async (scope, _receive, send) => {
      if (scope.type === 'http') await send({ type: 'http.response.start', status: 204 })
    }),
    await testClient((environ, startResponse) => {
      startResponse('204 No Content', [])
      return [environ.PATH_INFO]
    }),
    await testClient(lint(async (_scope, _receive, send) => send({ type: 'websocket.accept' }))),
  ]
}
