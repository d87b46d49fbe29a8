// The side of feed() for WebSockets.

import { websocket } from '../async/websocket-app.ts'
import { joinedText } from './joined-text.ts'
import { sinceOf, WHOLE_HISTORY } from './positions.ts'
import { channelsOf, groupsFor } from './settings.ts'
import type { AppSocket } from '../async/websocket-app.ts'
import type { EventApp, HeaderPairs } from '../contract/events.ts'
import type { ChooseGroups, FeedSettings } from './settings.ts'

const PLAIN: HeaderPairs = [['content-type', 'text/plain; charset=utf-8']]

/** Makes the app for WebSockets. */
export function serveSocket(choose: ChooseGroups, settings: FeedSettings): EventApp {
  return websocket(async (socket) => {
    const groups = await groupsFor(choose, socket.scope)
    if (groups === null) return socket.deny(403, PLAIN, 'These messages are not for you.\n')
    await socket.accept()
    const heartbeat = setInterval(beat, settings.heartbeatMs, socket, settings.heartbeatMs)
    try {
      await followAll(socket, groups, settings)
    } finally {
      clearInterval(heartbeat)
    }
  })
}

async function followAll(
  socket: AppSocket,
  groups: readonly string[],
  { history, maxQueue, onSlow }: FeedSettings,
): Promise<void> {
  const positions = sinceOf(socket.scope)
  const sub = channelsOf(socket.scope).subscribe({ maxQueue, onSlow })
  const pump = (async () => {
    for (const group of groups) {
      const since = positions.get(group) ?? (history ? WHOLE_HISTORY : null)
      const { position, recovered } = await sub.join(group, { since })
      for (let n = recovered ?? 0; n > 0; n -= 1) {
        const event = await sub.receive()
        if (event) await socket.send(event.text)
      }
      await socket.send(joinedText(group, position, recovered))
    }
    for await (const event of sub) await socket.send(event.text)
  })()
  pump.catch(() => undefined)
  for await (const message of socket) void message
  sub.close()
}

function beat(socket: AppSocket, heartbeatMs: number): void {
  socket.send(`{"heartbeat":${heartbeatMs}}`).catch(() => undefined)
}
