// The app of each recipe in the styles that await: async-iterable, events, WebSocket. All send the same bytes.

import { answer, httpApp, readAll } from '../../raw/served.ts'
import { jsonHead, seenInEnviron, sorted } from './sync-apps.ts'
import type { EventApp, HttpScope, IterableApp, WebSocketScope } from 'isthmus'
import type { Recipe, Seen } from './row.ts'

/** The async-iterable app of `recipe`. */
export function iterableApp(recipe: Recipe): IterableApp {
  switch (recipe.app) {
    case 'view':
      return async (environ, startResponse) => {
        const body = JSON.stringify(seenInEnviron(environ))
        startResponse('200 OK', jsonHead(body))
        return [body]
      }
    case 'whole':
      return async (_environ, startResponse) => {
        startResponse(`${recipe.status ?? 200} Reason`, recipe.headers ?? [])
        return recipe.chunks
      }
    case 'streamed':
      return async function* (_environ, startResponse) {
        startResponse(`${recipe.status ?? 200} Reason`, recipe.headers ?? [])
        yield* recipe.chunks
      }
    case 'echo':
      return async (environ, startResponse) => {
        startResponse('200 OK', [['content-type', 'text/plain']])
        return [await environ['wsgi.input'].readAsync()]
      }
    case 'failing':
      return async function* (_environ, startResponse) {
        if (recipe.chunks) startResponse('200 OK', [])
        yield* recipe.chunks ?? []
        throw new Error(recipe.message)
      }
  }
}

/** The event app of `recipe`. */
export function eventApp(recipe: Recipe): EventApp {
  return httpApp(async (scope, receive, send) => {
    if (recipe.app === 'echo') return answer(send, await readAll(receive))
    if (recipe.app === 'view') {
      const body = JSON.stringify(seenInScope(scope))
      await send({ type: 'http.response.start', status: 200, headers: jsonHead(body) })
      return send({ type: 'http.response.body', body })
    }
    if (recipe.app === 'failing' && !recipe.chunks) throw new Error(recipe.message)

    const { status = 200, headers = [] } = recipe.app === 'failing' ? {} : recipe
    const { chunks = [] } = recipe
    await send({ type: 'http.response.start', status, headers })
    if (recipe.app === 'whole') {
      return send({ type: 'http.response.body', body: chunks.join('') })
    }
    for (const body of chunks) await send({ type: 'http.response.body', body, moreBody: true })
    if (recipe.app === 'failing') throw new Error(recipe.message)
    return send({ type: 'http.response.body' })
  })
}

/** An app that accepts with the head of `recipe`, sends the body as one message, and waits for the disconnect. */
export function socketApp(recipe: Recipe): EventApp {
  return async (scope, receive, send) => {
    if (scope.type !== 'websocket') throw new Error(`only WebSockets are served, not ${scope.type}`)
    await receive()
    if (recipe.app === 'failing') throw new Error(recipe.message)
    const headers = recipe.app === 'whole' || recipe.app === 'streamed' ? recipe.headers : undefined
    await send({ type: 'websocket.accept', headers: (headers ?? []).filter(isNoFraming) })
    await send({ type: 'websocket.send', text: messageOf(recipe, scope) })
    while ((await receive()).type !== 'websocket.disconnect');
  }
}

function messageOf(recipe: Recipe, scope: WebSocketScope): string {
  if (recipe.app === 'view') return JSON.stringify(seenInScope(scope))
  return recipe.app === 'whole' || recipe.app === 'streamed' ? recipe.chunks.join('') : ''
}

/** Whether a field may be in a handshake, which has no body to frame. */
export function isNoFraming([name]: readonly [name: string, value: string]): boolean {
  return !/^(?:content-(?:type|length)|transfer-encoding|connection)$/.test(name)
}

function seenInScope(scope: HttpScope | WebSocketScope): Seen {
  const { client, 'isthmus.auth': auth } = scope
  return {
    method: scope.type === 'http' ? scope.method : 'GET',
    scheme: scope.scheme.replace('ws', 'http'),
    path: scope.path,
    rootPath: scope.rootPath,
    query: scope.queryString,
    client: client && `${client[0]}:${client[1]}`,
    headers: sorted(scope.headers),
    state: scope.state,
    ...(auth && { auth: [auth.type, auth.user] }),
  }
}
