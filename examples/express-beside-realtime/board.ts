// A WebSocket on the event loop: it shows each visit and each upload of the shop, from all of its threads.

import { BroadcastChannel } from 'node:worker_threads'
import { websocket } from 'isthmus'
import type { AppSocket, EventApp } from 'isthmus'

// A client that does not read has at most this many messages in memory; then it is closed.
const MOST_WAITING = 1_000
const TRY_AGAIN_LATER = 1013

/** The open sockets, and the messages that each one has not taken yet. */
const waiting = new Map<AppSocket, number>()

const channel = new BroadcastChannel('shop')
channel.addEventListener('message', (event) => {
  const text = JSON.stringify((event as unknown as { data: unknown }).data)
  for (const socket of waiting.keys()) show(socket, text).catch(() => waiting.delete(socket))
})
channel.unref()

/** Sends `{ kind, text, name, thread, turn }` for each event of the shop, and returns the messages of the client. */
export const board: EventApp = websocket(async (socket) => {
  await socket.accept()
  waiting.set(socket, 0)
  try {
    for await (const message of socket) await socket.send(message)
  } finally {
    waiting.delete(socket)
  }
})

async function show(socket: AppSocket, text: string): Promise<void> {
  const count = waiting.get(socket) ?? 0
  if (count >= MOST_WAITING) return socket.close(TRY_AGAIN_LATER)
  waiting.set(socket, count + 1)
  await socket.send(text)
  const left = waiting.get(socket)
  if (left !== undefined) waiting.set(socket, left - 1)
}
