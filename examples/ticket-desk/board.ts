// Style 3, events: a WebSocket that shows every new ticket, and echoes pings so that a page can time it.

import { websocket } from 'isthmus'
import { sinceOf, WHOLE_HISTORY } from 'isthmus/channels'
import type { EventApp } from 'isthmus'

/**
 * Passes the tickets on, after those that the page has missed, and sends `{ pong: n }` for each message that is a number `n`.
 */
export const board: EventApp = websocket(async (socket) => {
  // At its first visit the page gets all that are kept: a ticket may be sold before the socket is open.
  const since = sinceOf(socket.scope).get('tickets') ?? WHOLE_HISTORY
  await socket.join('tickets', { since, forward: true })

  for await (const message of socket) {
    const ping = Number(message)
    if (Number.isFinite(ping)) await socket.send(JSON.stringify({ pong: ping }))
  }
})
