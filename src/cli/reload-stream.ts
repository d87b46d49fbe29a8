// The stream that tells the pages of errors of a development server the number of its load.

import { events } from '../bridge/style.ts'
import { LOAD_VARIABLE, RELOAD_PATH } from '../reload-page.ts'
import type { EventApp, HeaderPairs, Receive, Send } from '../contract/events.ts'

const HEADERS: HeaderPairs = [
  ['content-type', 'text/event-stream'],
  ['cache-control', 'no-store'],
  // The next load needs another connection. On this one a browser would get the same number again.
  ['connection', 'close'],
]

/** Answers {@link RELOAD_PATH} in front of `app`, if a development server has started this process. */
export function withReloadStream(app: EventApp): EventApp {
  const load = process.env[LOAD_VARIABLE]
  if (load === undefined) return app
  return events(async function reloads(scope, receive, send) {
    const isStream = scope.type === 'http' && scope.path === RELOAD_PATH
    return isStream ? streamLoad(receive, send, load) : app(scope, receive, send)
  })
}

/**
 * Sends the number, and waits until the client leaves, the server closes, or `left` aborts. The client asks again, and gets
 * the number of the next load.
 */
export async function streamLoad(
  receive: Receive,
  send: Send,
  load: string,
  left?: AbortSignal,
): Promise<void> {
  await send({ type: 'http.response.start', status: 200, headers: HEADERS })
  const body = `retry: 100\ndata: ${load}\n\n`
  await send({ type: 'http.response.body', body, moreBody: true })
  await disconnected(receive, left)
  await send({ type: 'http.response.body', body: '' }).catch(() => undefined)
}

function disconnected(receive: Receive, left?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    left?.addEventListener('abort', () => resolve(), { once: true })
    const next = (): void => {
      receive().then(
        ({ type }) => (type === 'http.disconnect' ? resolve() : next()),
        () => resolve(),
      )
    }
    next()
  })
}
