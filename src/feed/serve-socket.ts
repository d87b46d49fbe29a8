// The side of feed() for WebSockets.

import { websocket } from '../async/websocket-app.ts'
import { sinceOf, WHOLE_HISTORY } from './positions.ts'
import { groupsFor, NOT_FOR_YOU } from './settings.ts'
import type { AppSocket } from '../async/websocket-app.ts'
import type { EventApp } from '../contract/events.ts'
import type { ChooseGroups, FeedSettings } from './settings.ts'

/** Makes the app for WebSockets. */
export function serveSocket(choose: ChooseGroups, settings: FeedSettings): EventApp {
  return websocket(async (socket) => {
    const groups = await groupsFor(choose, socket.scope)
    if (groups === null) return socket.deny(403, [['content-type', 'text/plain']], NOT_FOR_YOU)
    await socket.accept()
    const heartbeat = setInterval(beat, settings.heartbeatMs, socket, settings.heartbeatMs)
    try {
      await followAll(socket, groups, settings)
    } finally {
      clearInterval(heartbeat)
    }
  })
}

/** Forwards the groups until the client leaves. */
async function followAll(
  socket: AppSocket,
  groups: readonly string[],
  { history, maxQueue, onSlow }: FeedSettings,
): Promise<void> {
  const positions = sinceOf(socket.scope)
  const first = history ? WHOLE_HISTORY : null
  const options = { forward: true, maxQueue, onSlow } as const
  const joins = groups.map((group) =>
    socket.join(group, { ...options, since: positions.get(group) ?? first }),
  )
  // The end of the page ends joins that wait for the broker, and a join that fails ends the page.
  await Promise.all([readToEnd(socket), ...joins])
}

/** Drops the messages of a page: it has nothing to say here. */
async function readToEnd(socket: AppSocket): Promise<void> {
  while ((await socket.receive()) !== undefined) continue
}

// Pages know by it that the connection stands. After other messages of a slow client it may wait: it is short.
function beat(socket: AppSocket, heartbeatMs: number): void {
  socket.send(`{"heartbeat":${heartbeatMs}}`).catch(() => undefined)
}
