// The transport between a host and its gateway in the eyes of the host.

import type { FromHost, ToHost } from '../protocol/messages.ts'

/** The end of the transport that code in the host uses, which may block. */
export interface GatewayLink {
  /** Sends with the next {@link flush}. */
  post(message: FromHost): void
  flush(): void
  /** The host has ended: sends the posted messages, and ends the thread. The `exit` handlers of the app run. */
  end(): void
  /** Returns the messages that have arrived since the last call, if any. */
  arrived(): ToHost[]
  /** Blocks until a message has arrived. */
  wait(): ToHost[]
  /** Claims the next request in the order of arrival; false: the gateway has taken it back. */
  claim(): boolean
}

/** The ways of a request to its gateway. */
export interface Wires {
  link: GatewayLink
  /** Takes the messages that have arrived. */
  poll(): void
  /** Blocks until a message has arrived, and takes it. */
  block(): void
}
