// The page, and a WebSocket that shows the load of the Python processes and returns the messages of the client.

import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { events, UnsupportedScopeError, websocket } from 'isthmus'
import type { AppSocket, EventApp, PythonApp, Send } from 'isthmus'

const LOAD_MS = 250
const FILES: Readonly<Record<string, string>> = {
  '/': 'index.html',
  '/page.css': 'page.css',
  '/page.js': 'page.js',
}
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
}

/** Serves the page at its paths, and the load of `pools` over WebSockets. */
export function boardOf(pools: Readonly<Record<string, PythonApp>>): EventApp {
  const live = websocket(async (socket) => {
    await socket.accept()
    const left = new AbortController()
    await Promise.all([
      sendLoad(socket, pools, left.signal),
      answerPings(socket).finally(() => left.abort()),
    ])
  })
  return events(async function board(scope, receive, send) {
    if (scope.type === 'websocket') return live(scope, receive, send)
    if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
    await sendFile(FILES[scope.path], send)
  })
}

async function sendFile(name: string | undefined, send: Send): Promise<void> {
  const body = name && (await readFile(new URL(`public/${name}`, import.meta.url)))
  const type = TYPES[name?.split('.').at(-1) ?? ''] ?? 'text/plain'
  await send({
    type: 'http.response.start',
    status: body ? 200 : 404,
    headers: [['content-type', type]],
  })
  await send({ type: 'http.response.body', body: body || 'there is no such page\n' })
}

/** Sends `{ load: { NAME: { inFlight, queued, completed } } }` until `signal` aborts. */
async function sendLoad(
  socket: AppSocket,
  pools: Readonly<Record<string, PythonApp>>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const load = Object.entries(pools).map(([name, pool]) => {
      const { inFlight, queued, completed } = pool.stats()
      return [name, { inFlight, queued, completed }]
    })
    await socket.send(JSON.stringify({ load: Object.fromEntries(load) }))
    await setTimeout(LOAD_MS, undefined, { signal }).catch(() => undefined)
  }
}

async function answerPings(socket: AppSocket): Promise<void> {
  for await (const message of socket) await socket.send(message)
}
