// Joins the answers to messages that arrived together: one write of the socket costs more than all else about a message.

import { performance } from 'node:perf_hooks'
import type { Socket } from 'node:net'

// An answer is held for the other answers of its turn, and not for a handler that computes.
const MAX_HELD_MS = 1
const MAX_HELD_BYTES = 16 * 1024

let since = 0

/** Holds the writes of `socket` back until no app has anything left to do in this turn of the event loop. */
export function corkTurn(socket: Socket): void {
  since = performance.now()
  socket.cork()
  // The apps wait for promises. A callback of nextTick() runs before their continuations, unless one of them asks for it.
  queueMicrotask(() => process.nextTick(uncork, socket))
}

/** To be called after a write: lets the writes that are held back go, if they are many or the turn takes long. */
export function relieve(socket: Socket): void {
  if (socket.writableCorked === 0) return
  if (socket.writableLength < MAX_HELD_BYTES && performance.now() - since < MAX_HELD_MS) return
  socket.uncork()
  socket.cork()
}

function uncork(socket: Socket): void {
  socket.uncork()
}
