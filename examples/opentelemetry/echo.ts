// A WebSocket: one span from the handshake to the close.

import { websocket } from 'isthmus'
import type { EventApp } from 'isthmus'

/** Sends each message back. */
export const echo: EventApp = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})
