// Style 3, events: a WebSocket that shows every new ticket, and echoes pings so that a page can time it.

import { websocket } from 'isthmus'
import { followTickets, parseSeen } from './follow.ts'
import type { AppSocket, EventApp } from 'isthmus'

/**
 * Sends `{ ticket }` for each ticket after number `?after=`, and `{ pong: n }` for each message that is
 * a number `n`.
 */
export const board: EventApp = websocket(async (socket) => {
  const left = new AbortController()
  await Promise.all([
    pushTickets(socket, left.signal),
    answerPings(socket).finally(() => left.abort()),
  ])
})

async function pushTickets(socket: AppSocket, signal: AbortSignal): Promise<void> {
  const seen = parseSeen(new URLSearchParams(socket.scope.queryString).get('after'))
  for await (const tickets of followTickets(seen, signal)) {
    for (const ticket of tickets) await socket.send(JSON.stringify({ ticket }))
  }
}

async function answerPings(socket: AppSocket): Promise<void> {
  for await (const message of socket) {
    const ping = Number(message)
    if (Number.isFinite(ping)) await socket.send(JSON.stringify({ pong: ping }))
  }
}
