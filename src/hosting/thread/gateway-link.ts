// How a host reaches its gateway: the host's whole view of the transport between them.

import type { FromHost, ToHost } from '../protocol/messages.ts'

/** One end of the transport, for code that blocks. */
export interface GatewayLink {
  /** Sends with the next {@link flush}. */
  post(message: FromHost): void
  flush(): void
  /** What has arrived since the last call, perhaps nothing. */
  arrived(): ToHost[]
  /** Blocks until something has arrived. */
  wait(): ToHost[]
  /** Starts the next request in the order of arrival; false: the gateway has taken it back. */
  claim(): boolean
}

/** The ways of one request to its gateway. */
export interface Wires {
  link: GatewayLink
  /** Takes what has arrived. */
  poll(): void
  /** Waits until something has arrived, and takes it. */
  block(): void
}
