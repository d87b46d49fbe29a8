// A transport that records its calls, and the run of an app on it.

import { ServerExchangeContext } from '../../src/async/exchange-context.ts'
import { WebSocketRun } from '../../src/server/websocket/run.ts'
import type { EventApp, WebSocketScope } from '../../src/contract/events.ts'
import type { Log } from '../../src/contract/log.ts'
import type { WebSocketTransport } from '../../src/server/engine.ts'

/** Calls as `['send', 'a']`; `flowing` false makes send and deny report a slow peer. */
export class FakeWebSocketTransport implements WebSocketTransport {
  readonly calls: unknown[][] = []
  flowing = true

  accept(...args: Parameters<WebSocketTransport['accept']>): boolean {
    this.calls.push(['accept', ...args])
    return true
  }

  deny(part: Parameters<WebSocketTransport['deny']>[0]): boolean {
    this.calls.push(['deny', part.head?.status ?? null, part.chunk, part.end])
    return this.flowing
  }

  send(message: string | Uint8Array): boolean {
    this.calls.push(['send', message])
    return this.flowing
  }

  close(code: number, reason: string): void {
    this.calls.push(['close', code, reason])
  }

  pause(): void {
    this.calls.push(['pause'])
  }

  resume(): void {
    this.calls.push(['resume'])
  }

  destroy(): void {
    this.calls.push(['destroy'])
  }
}

/** A log that keeps its lines as `level: message`. */
export function recordingLog(): Log & { lines: string[] } {
  const lines: string[] = []
  const at = (level: string) => (_fields: Record<string, unknown>, message: string) => {
    lines.push(`${level}: ${message}`)
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export function websocketScope(subprotocols: string[] = []): WebSocketScope {
  return {
    type: 'websocket',
    asgi: { version: '3.0', specVersion: '2.5' },
    httpVersion: '1.1',
    scheme: 'ws',
    path: '/',
    rawPath: '/',
    queryString: '',
    rootPath: '',
    headers: [],
    client: null,
    server: null,
    state: {},
    extensions: {},
    subprotocols,
  }
}

/** Starts `app` on a fake transport. */
export function startCycle(
  app: EventApp,
  maxQueue = 32,
): {
  cycle: WebSocketRun
  transport: FakeWebSocketTransport
  scope: WebSocketScope
  lines: string[]
  done: Promise<unknown>
} {
  const transport = new FakeWebSocketTransport()
  const log = recordingLog()
  const connection = new ServerExchangeContext(log)
  const scope = { ...websocketScope(), 'isthmus.exchange': connection }
  const identity = { server: null, date: () => null }
  const settings = { identity, log, websocket: { maxQueue } }
  const cycle = new WebSocketRun(app, scope, { transport, context: connection, settings })
  return {
    cycle,
    transport,
    scope,
    lines: log.lines,
    done: new Promise((resolve) => {
      cycle.run(resolve)
    }),
  }
}

/** Runs everything that is ready to run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
