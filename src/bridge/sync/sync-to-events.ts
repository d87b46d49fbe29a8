// A sync app on the event loop: right for code that answers in microseconds.

import { rejected } from '../../waiting/deferred.ts'
import { EMPTY_INPUT, Input } from '../../sync/input.ts'
import { hasBody } from '../../http/content.ts'
import { InlineRun } from './inline-run.ts'
import { pump } from '../pump.ts'
import { refuseScope } from '../refuse-scope.ts'
import { spoolBody } from './spool.ts'
import type { SyncApp } from '../../contract/environ.ts'
import type { EventApp, HttpScope, Receive, Send } from '../../contract/events.ts'

const DEFAULT_MEMORY_BYTES = 1024 * 1024

/**
 * `app` as an event app that runs inline. Inline code cannot wait for the request body, so the whole body is received
 * before the app runs, in memory or in a temporary file. A client that waits for `100 Continue` therefore gets it
 * before the app runs.
 */
export function syncToEvents(app: SyncApp): EventApp {
  return function inlineSyncApp(scope, receive, send) {
    if (scope.type !== 'http') return refuseScope(scope, receive, send)
    if (hasBody(scope)) return respondToBody(app, scope, receive, send)
    try {
      return pump(new InlineRun(app, scope, EMPTY_INPUT), send)
    } catch (error) {
      return rejected(error)
    }
  }
}

async function respondToBody(
  app: SyncApp,
  scope: HttpScope,
  receive: Receive,
  send: Send,
): Promise<void> {
  const { maxInlineBodyBytes = DEFAULT_MEMORY_BYTES } = scope['isthmus.exchange']?.hosting ?? {}
  const body = await spoolBody(receive, maxInlineBodyBytes)
  try {
    await pump(new InlineRun(app, scope, new Input(body.source)), send)
  } finally {
    await body.close()
  }
}
