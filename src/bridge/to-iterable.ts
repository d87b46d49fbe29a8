// toIterable(): an app of any style as an async-iterable app.

import { statusLine } from '../http/status-line.ts'
import { bridged, unbridged } from './bridged.ts'
import { EventSession } from './event-session.ts'
import { withoutHostFields } from './host-fields.ts'
import { environToScope } from './environ-to-scope.ts'
import { iterable } from './style.ts'
import { toEvents } from './to-events.ts'
import type { IterableApp, IterableEnviron, StartResponse } from '../contract/environ.ts'
import type { EventApp } from '../contract/events.ts'
import type { App } from './style.ts'

/**
 * `app` as an async-iterable app. Each body event of an event app is yielded at once, and its next send() waits until the
 * host asks for the next chunk. An iterable app is returned as it is; for a bridge made from an iterable app, that app is
 * returned.
 *
 * Only HTTP crosses: an iterable app has neither WebSocket nor lifespan, and no extension is offered.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) if the style of `app` is unclear
 *
 * @example
 * const feed: IterableApp = toIterable(eventApp)
 */
export function toIterable(app: App): IterableApp {
  const styled = unbridged(app, 'iterable')
  if (styled.style === 'iterable') return styled.app
  const eventApp = toEvents(app)
  const bridge = iterable((environ, startResponse) => respond(eventApp, environ, startResponse))
  return bridged(bridge, app)
}

async function* respond(
  app: EventApp,
  environ: IterableEnviron,
  startResponse: StartResponse,
): AsyncGenerator<Uint8Array | string> {
  const session = new EventSession(app, environToScope(environ), environ['wsgi.input'])
  try {
    for (let part = await session.next(); part; part = await session.next()) {
      if (part.head)
        startResponse(statusLine(part.head.status), withoutHostFields(part.head.headers))
      if (part.chunk !== null) yield part.chunk
    }
  } finally {
    await session.close()
  }
}
