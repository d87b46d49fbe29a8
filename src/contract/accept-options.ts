// The parts of the 101 response that an app decides. Types only.

import type { HeaderPairs } from './events.ts'

/** The options of `accept()` of a socket. */
export interface AcceptOptions {
  /** One of the subprotocols that the client offered; default none. */
  subprotocol?: string | undefined
  /** Sent with the 101, in order. Default none. */
  headers?: HeaderPairs | undefined
}
