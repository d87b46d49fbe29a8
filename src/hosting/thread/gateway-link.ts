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
  /** Blocks until a message has arrived, or for `mostMs`, in a time that does not count for the running request. */
  waitForClient(mostMs: number): ToHost[]
  /** The running request has gone on: its time begins anew. */
  step(): void
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
  /** Does the same for at most `mostMs`, while the app waits for the client of its WebSocket: it may take as long as it likes. */
  blockForClient(mostMs: number): void
  /** The app has called its WebSocket: the time that it may compute begins anew. */
  step(): void
}
