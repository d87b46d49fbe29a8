// The answers of a development server while the app does not load: the failure, as a page or as text.

import { events } from '../../bridge/style.ts'
import { RELOAD_PATH, RELOAD_POLICY, RELOAD_SCRIPT } from '../../reload-page.ts'
import { serve } from '../../server/serve.ts'
import { streamLoad } from '../reload-stream.ts'
import type { Socket } from 'node:net'
import type { EventApp, HeaderPairs } from '../../contract/events.ts'
import type { ServerAddress } from '../../server/engine.ts'
import type { Listener } from '../../server/listener.ts'
import type { ServeOptions } from '../../server/options.ts'
import type { Server } from '../../server/serve.ts'
import type { FailureServer } from './reloader.ts'

/** A server in this process that gets its connections from a balancer. */
interface OpenFailureServer extends FailureServer {
  close(): Promise<void>
}

/** Opens the server. The caller closes it. */
export async function openFailureServer(
  address: ServerAddress,
  options: ServeOptions,
): Promise<OpenFailureServer> {
  let accept: (socket: Socket) => void = (socket) => socket.destroy()
  let shown = { failure: '', load: '' }
  let left = new AbortController()
  const listener: Listener = {
    address,
    open(take) {
      accept = take
    },
    close: async () => undefined,
  }
  const app = failureApp(() => ({ ...shown, left: left.signal }))
  // A connection of HTTP/2 would stay here after the failure.
  const own = { http2: false, listener, log: null, lifespan: 'off' } as const
  const server: Server = await serve(app, { ...options, ...own })
  return {
    isOpen: true,
    isPrompt: true,
    waiting: 0,
    take: (socket) => accept(socket),
    show(failure, load) {
      shown = { failure, load: `failure ${load}` }
    },
    leave() {
      left.abort()
      left = new AbortController()
    },
    async close() {
      left.abort()
      await server.close({ graceMs: 0 })
    },
  }
}

type Shown = () => { failure: string; load: string; left: AbortSignal }

function failureApp(shown: Shown): EventApp {
  return events(async function failed(scope, receive, send) {
    const { failure, load, left } = shown()
    if (scope.type === 'websocket') {
      await receive()
      return send({ type: 'websocket.close' })
    }
    if (scope.type !== 'http') return
    if (scope.path === RELOAD_PATH) return streamLoad(receive, send, load, left)
    const accept = scope.headers.find(([name]) => name === 'accept')?.[1] ?? ''
    const isPage = accept.includes('text/html')
    const headers = isPage ? PAGE : TEXT
    await send({ type: 'http.response.start', status: 500, headers })
    await send({ type: 'http.response.body', body: isPage ? pageOf(failure) : `${failure}\n` })
  })
}

// The next request needs the next load, on another connection.
const SHARED: HeaderPairs = [
  ['cache-control', 'no-store'],
  ['connection', 'close'],
  ['x-content-type-options', 'nosniff'],
]
const TEXT: HeaderPairs = [['content-type', 'text/plain; charset=utf-8'], ...SHARED]
const PAGE: HeaderPairs = [
  ['content-type', 'text/html; charset=utf-8'],
  ['content-security-policy', `default-src 'none'; style-src 'unsafe-inline'; ${RELOAD_POLICY}`],
  ...SHARED,
]

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}
pre{background:#f4f4f2;overflow:auto;padding:1rem}h1{font-size:1.4rem}
@media(prefers-color-scheme:dark){body{background:#1c1c1a;color:#eee}pre{background:#2a2a27}}`

function pageOf(failure: string): string {
  const [sentence = '', ...stack] = failure.split('\n')
  return [
    '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>The app does not load</title>',
    `<style>${STYLE}</style><h1>The app does not load</h1><p>${escaped(sentence)}</p>`,
    stack.length > 0 ? `<pre>${escaped(stack.join('\n'))}</pre>` : '',
    `<p>This page loads itself anew after the next change.</p>${RELOAD_SCRIPT}</html>\n`,
  ].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}
