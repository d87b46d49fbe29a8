// A sync app on the event loop: right for code that answers in microseconds.

import { performance } from 'node:perf_hooks'
import { rejected } from '../../waiting/deferred.ts'
import { EMPTY_INPUT, Input } from '../../sync/input.ts'
import { hasBody } from '../../http/content.ts'
import { pump } from '../pump.ts'
import { refuseScope } from '../refuse-scope.ts'
import { scopeToEnviron } from '../scope-to-environ.ts'
import { decisionByHead } from './head-decision.ts'
import { reportStep } from './held-loop.ts'
import { InlineRun } from './inline-run.ts'
import { LateSource } from './late-source.ts'
import { spoolBody } from './spool.ts'
import type { SyncApp } from '../../contract/environ.ts'
import type { EventApp, HttpScope, Receive, Send, WebSocketScope } from '../../contract/events.ts'
import type { DecideByHead } from './head-decision.ts'
import type { SpooledBody } from './spool.ts'

const DEFAULT_MEMORY_BYTES = 1024 * 1024
const NO_SOCKETS =
  "a sync app on the event loop denies WebSockets with 403, because it cannot block there: threads() hosts a sync app that uses environ['wsgi.websocket'], and websocket() makes an event app"

interface Call {
  scope: HttpScope
  receive: Receive
  send: Send
}

/**
 * `app` as an event app that runs inline. Inline code cannot wait for the request body, so the whole body is received
 * before the app runs, in memory or in a temporary file. A client that waits for `100 Continue` therefore gets it
 * before the app runs. The middleware of a chain run first, so that the body of a refused request is not received.
 */
export function syncToEvents(app: SyncApp): EventApp {
  let decide = decisionByHead(app)
  const denySocket = socketDenial()

  async function decideAndRespond(
    { scope, receive, send }: Call,
    decideByHead: DecideByHead,
  ): Promise<void> {
    const source = new LateSource()
    const environ = scopeToEnviron(scope, new Input(source))
    const since = performance.now()
    const decision = decideByHead(environ)
    reportStep(scope, since)
    if (source.wasReadEarly) {
      // A middleware reads the body, so all middleware of this app run when the body is there: now, and from now on.
      decide = undefined
      decision.discard()
      return respondWithBody(app, { scope, receive, send })
    }
    const run = new InlineRun(decision.rest, scope, environ)
    if (!decision.callsApp) return pump(run, send)
    const body = await spooled(scope, receive).catch((error: unknown) => decision.fail(error))
    if (body) source.arrived(body.source)
    await pumpAndClose(run, send, body)
  }

  return function inlineSyncApp(scope, receive, send) {
    if (scope.type === 'websocket') return denySocket(scope, receive, send)
    if (scope.type !== 'http') return refuseScope(scope, receive, send)
    if (hasBody(scope)) {
      const call = { scope, receive, send }
      return decide ? decideAndRespond(call, decide) : respondWithBody(app, call)
    }
    try {
      return pump(new InlineRun(app, scope, scopeToEnviron(scope, EMPTY_INPUT)), send)
    } catch (error) {
      return rejected(error)
    }
  }
}

async function respondWithBody(app: SyncApp, { scope, receive, send }: Call): Promise<void> {
  const body = await spooled(scope, receive)
  const environ = scopeToEnviron(scope, new Input(body.source))
  await pumpAndClose(new InlineRun(app, scope, environ), send, body)
}

function spooled(scope: HttpScope, receive: Receive): Promise<SpooledBody> {
  const { maxInlineBodyBytes = DEFAULT_MEMORY_BYTES } = scope['isthmus.exchange']?.hosting ?? {}
  return spoolBody(receive, maxInlineBodyBytes)
}

async function pumpAndClose(run: InlineRun, send: Send, body: SpooledBody | void): Promise<void> {
  try {
    await pump(run, send)
  } finally {
    await body?.close()
  }
}

// Warns once for each app: a client can open any number of WebSockets.
function socketDenial(): (scope: WebSocketScope, receive: Receive, send: Send) => Promise<void> {
  let hasWarned = false
  return function denySocket(scope, receive, send) {
    if (!hasWarned) {
      hasWarned = true
      scope['isthmus.exchange']?.log.warn({ path: scope.path }, NO_SOCKETS)
    }
    return refuseScope(scope, receive, send)
  }
}
