// The counters of a server, as stats() returns them.

import type { ChannelsStats } from '../contract/channels.ts'

/** The counters of a server: the current numbers, and the sums since its start. */
export interface ServerStats {
  /** Connections that are open, idle ones and those of WebSockets included. */
  connections: number
  requests: {
    /** Requests whose app is called, or whose response is not yet sent. */
    inFlight: number
    /** Requests that reached the app, those in flight included. */
    total: number
  }
  webSockets: {
    /** WebSockets from the handshake to the close. */
    open: number
    /** Handshakes that reached the app, open WebSockets included. */
    total: number
  }
  /** Requests and handshakes that were answered with 503: above `maxConcurrency`, or during the shutdown. */
  refused: number
  /** The counters of the channels, those of other servers with the same channels included; null without channels. */
  channels: ChannelsStats | null
}
