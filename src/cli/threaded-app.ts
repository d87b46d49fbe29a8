// An app of any style in threads. The event loop does not import its module.

import { handOnFacts } from '../bridge/app-facts.ts'
import { events } from '../bridge/style.ts'
import { LifespanError, ThreadCrashedError } from '../errors.ts'
import { threadsApp } from '../hosting/gateway/threads-app.ts'
import { poolSettings } from '../hosting/gateway/pool-settings.ts'
import { loadFailure } from './load-failure.ts'
import type { EventApp, SendEvent } from '../contract/events.ts'
import type { ThreadOptions } from '../hosting/gateway/pool-settings.ts'
import type { FileSpec } from './app-spec.ts'

/** Hosts the app of `spec`, which the module at `url` exports, in a pool with the options `pool`. */
export function threadedApp(spec: FileSpec, url: string, pool: ThreadOptions): EventApp {
  const target = { url, kind: 'app', style: spec.style ?? undefined } as const
  const app = threadsApp(poolSettings(target, pool))
  const hosted = events(function threaded(scope, receive, send) {
    if (scope.type !== 'lifespan') return app(scope, receive, send)
    return app(scope, receive, (event) => send(named(event, spec, url)))
  })
  return handOnFacts(hosted, app)
}

// The threads report the errors of the module and of the export. The end of a thread, and a failed lifespan of the app
// itself, are no failures of loading.
function named(event: SendEvent, spec: FileSpec, url: string): SendEvent {
  if (event.type !== 'lifespan.startup.failed') return event
  const error = event['isthmus.error']
  if (error instanceof LifespanError || error instanceof ThreadCrashedError) return event
  const failure = loadFailure(error, spec, url)
  return { ...event, message: failure.message, 'isthmus.error': failure }
}
