// The parts that all transports of a server share. Types only.

import type { Acceptor } from './acceptor.ts'
import type { Pings, Pulse } from './pings.ts'

export interface TransportTools {
  acceptor: Acceptor
  pings: Pings
  closeTimeoutMs: number
  maxMessageBytes: number
  /** Called when the socket is gone, or belongs to another handler. */
  onGone(transport: Pulse): void
}
