// The sizes at which the queue of a WebSocket pauses its connection.

import type { QueueLimits } from '../../async/message-queue.ts'

const KIB = 1024

let last: QueueLimits = limitsFor(32)

/** The limits for a queue of `maxMessages`. All WebSockets of a server share one object. */
export function queueLimits(maxMessages: number): QueueLimits {
  if (last.maxMessages !== maxMessages) last = limitsFor(maxMessages)
  return last
}

function limitsFor(maxMessages: number): QueueLimits {
  return { maxMessages, minBytes: 256 * KIB, maxBytes: 1024 * KIB }
}
