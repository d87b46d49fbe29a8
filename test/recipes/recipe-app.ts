// The app after the proxies: it tells its request, echoes, streams events and counts uploads.

import { events } from 'isthmus'
import type { EventApp, HttpScope, Receive, Send, WebSocketScope } from 'isthmus'

/** An app with a path for each ability of a proxy. */
export const app: EventApp = events(async (scope, receive, send) => {
  if (scope.type === 'lifespan') throw new Error('this app has no lifespan')
  if (scope.type === 'websocket') return echoMessages(scope, receive, send)
  const { path } = scope
  if (path === '/events') return stream(receive, send)
  if (path === '/upload') return uploaded(receive, send)
  if (path === '/broken') return breakOff(send)
  const told = await readAll(receive)
  await answer(send, path === '/echo' ? told : JSON.stringify(factsOf(scope)))
})

function factsOf(scope: HttpScope): object {
  const { method, path, queryString, scheme, client, headers } = scope
  const named = (wanted: string): string | undefined =>
    headers.find(([name]) => name === wanted)?.[1]
  return {
    method,
    path,
    queryString,
    scheme,
    client: client?.[0] ?? null,
    host: named('host'),
    forwarded: named('x-forwarded-for'),
    proto: named('x-forwarded-proto'),
    auth: scope['isthmus.auth'],
  }
}

async function echoMessages(_scope: WebSocketScope, receive: Receive, send: Send): Promise<void> {
  await receive()
  await send({ type: 'websocket.accept' })
  for (let event = await receive(); event.type === 'websocket.receive'; event = await receive()) {
    await send({ type: 'websocket.send', text: String(event.text) })
  }
}

// The second event leaves after the client has the first one: the client closes, or asks by a second request.
let goOn: () => void = () => undefined

/** Lets the stream that waits send its second event. */
export function releaseEvents(): void {
  goOn()
}

async function stream(_receive: Receive, send: Send): Promise<void> {
  const released = new Promise<void>((resolve) => (goOn = resolve))
  const headers: Array<[string, string]> = [['content-type', 'text/event-stream']]
  await send({ type: 'http.response.start', status: 200, headers })
  await send({ type: 'http.response.body', body: 'data: 1\n\n', moreBody: true })
  await released
  await send({ type: 'http.response.body', body: 'data: 2\n\n' })
}

/** Resolves with the first bytes of the next upload. */
export let firstBytes: Promise<string> = Promise.resolve('')

/** Expects an upload. */
export function expectUpload(): void {
  firstBytes = new Promise((resolve) => (onFirstBytes = resolve))
}

let onFirstBytes: (text: string) => void = () => undefined

async function uploaded(receive: Receive, send: Send): Promise<void> {
  const event = await receive()
  if (event.type !== 'http.request') return
  const first = Buffer.from(event.body ?? '')
  onFirstBytes(first.toString())
  const rest = event.moreBody ? await readAll(receive) : Buffer.alloc(0)
  await answer(send, String(first.length + rest.length))
}

async function breakOff(send: Send): Promise<void> {
  await send({ type: 'http.response.start', status: 200, headers: [] })
  await send({ type: 'http.response.body', body: 'half', moreBody: true })
  throw new Error('the app breaks off')
}

async function readAll(receive: Receive): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for (;;) {
    const event = await receive()
    if (event.type !== 'http.request') throw new Error('the client has left')
    parts.push(Buffer.from(event.body ?? ''))
    if (!event.moreBody) return Buffer.concat(parts)
  }
}

async function answer(send: Send, body: string | Uint8Array): Promise<void> {
  const headers: Array<[string, string]> = [['content-type', 'text/plain']]
  await send({ type: 'http.response.start', status: 200, headers })
  await send({ type: 'http.response.body', body })
}
