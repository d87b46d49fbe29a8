// A stage for tests of lint: a correct scope, a server that delivers given events, and the events that the app sends.

import { makeReceive } from '../../../src/async/receive.ts'
import { lintEvents } from '../../../src/lint/events/lint-events.ts'
import type {
  EventApp,
  HttpScope,
  LifespanScope,
  ReceiveEvent,
  Scope,
  SendEvent,
  WebSocketScope,
} from '../../../src/contract/events.ts'

const CONNECTION = {
  asgi: { version: '3.0', specVersion: '2.5' },
  httpVersion: '1.1',
  path: '/app/seats',
  rawPath: '/app/seats',
  queryString: '',
  rootPath: '/app',
  headers: [['host', 'desk.example']],
  client: ['10.0.0.7', 49_152],
  server: ['10.0.0.1', 8000],
  state: {},
} as const

export function httpScope(changes: Record<string, unknown> = {}): HttpScope {
  const extensions = {
    'http.response.trailers': {},
    'http.response.early_hint': {},
    'http.response.pathsend': {},
  }
  const scope = {
    type: 'http',
    ...CONNECTION,
    method: 'GET',
    scheme: 'http',
    extensions,
    ...changes,
  }
  return structuredClone(scope) as unknown as HttpScope
}

export function websocketScope(changes: Record<string, unknown> = {}): WebSocketScope {
  const extensions = { 'websocket.http.response': {} }
  const subprotocols = ['v1']
  const scope = {
    type: 'websocket',
    ...CONNECTION,
    scheme: 'ws',
    subprotocols,
    extensions,
    ...changes,
  }
  return structuredClone(scope) as unknown as WebSocketScope
}

export function lifespanScope(changes: Record<string, unknown> = {}): LifespanScope {
  const asgi = { version: '3.0', specVersion: '2.0' }
  return { type: 'lifespan', asgi, state: {}, ...changes } as LifespanScope
}

export const NO_BODY: ReceiveEvent = {
  type: 'http.request',
  body: new Uint8Array(0),
  moreBody: false,
}

/** Any value as an event, so that a test can break the contract. */
export function event(type: string, keys: Record<string, unknown> = {}): SendEvent & ReceiveEvent {
  return { type, ...keys } as unknown as SendEvent & ReceiveEvent
}

/**
 * Runs `app` under lint on `scope`. The server delivers `events`, and then the last of them again and again. It calls
 * `send` with each event of the app; the default does nothing. Returns the events that the app has sent.
 */
export async function underLint(
  app: EventApp,
  scope: Scope,
  events: ReceiveEvent[] = [NO_BODY, event('http.disconnect')],
  send: (event: SendEvent) => Promise<void> = () => Promise.resolve(),
): Promise<SendEvent[]> {
  const sent: SendEvent[] = []
  let at = 0
  const receive = makeReceive(() =>
    Promise.resolve(events[Math.min(at++, events.length - 1)] as ReceiveEvent),
  )
  await lintEvents(app)(scope, receive, (sending) => {
    sent.push(sending)
    return send(sending)
  })
  return sent
}

/** An app that sends these events and returns. */
export function saying(...events: SendEvent[]): EventApp {
  return async (_scope, _receive, send) => {
    for (const each of events) await send(each)
  }
}

/** An app that receives a number of events, then sends these. */
export function hearing(count: number, ...events: SendEvent[]): EventApp {
  return async (scope, receive, send) => {
    for (let at = 0; at < count; at++) await receive()
    await saying(...events)(scope, receive, send)
  }
}
