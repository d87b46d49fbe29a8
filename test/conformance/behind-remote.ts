// An app in a server of its own, and remote() before it.

import { events, serve } from 'isthmus'
import { remote } from 'isthmus/adapters'
import type { App, EventApp, Receive, Send } from 'isthmus'

/** The app of remote() whose target is a server with `app`. The server lives as long as the lifespan. */
export function behindRemote(app: App): EventApp {
  let forward: EventApp
  async function live(receive: Receive, send: Send): Promise<void> {
    await receive()
    // The server in front adds its own fields, in its own order.
    const identity = { serverHeader: null, dateHeader: false }
    const server = await serve(app, {
      ...identity,
      port: 0,
      log: null,
      graceMs: 500,
      drainIdleMs: 0,
    })
    const inner = remote(server.url)
    forward = inner
    await send({ type: 'lifespan.startup.complete' })
    await receive()
    await server.close()
    await send({ type: 'lifespan.shutdown.complete' })
  }
  return events((scope, receive, send) =>
    scope.type === 'lifespan' ? live(receive, send) : forward(scope, receive, send),
  )
}
