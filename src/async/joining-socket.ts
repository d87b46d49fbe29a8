// A WebSocket in the eyes of its groups. Types only.

import type { JoinOptions, SlowPolicy } from '../contract/channels.ts'
import type { Receive, Send } from '../contract/events.ts'

/** The parts of a socket that its groups need. */
export interface JoiningSocket {
  readonly receive: Receive
  readonly send: Send
  /** A queue was full, and the policy is `close`. */
  onSlow(): void
}

/** The bound of the messages that wait for the socket, and what happens above it. */
export interface SocketBounds {
  readonly maxQueue: number
  readonly onSlow: SlowPolicy
}

/** The options of `socket.join()`. */
export interface SocketJoinOptions extends JoinOptions {
  /**
   * Whether each message goes to the client at once, as JSON text, in place of the iteration. After those of the history, the
   * client gets a text that tells it the position: `{"group":"board","joined":true,"recovered":3,"epoch":"…","offset":12}`.
   * Default false.
   */
  forward?: boolean | undefined
  /**
   * The most messages that wait; besides, they have at most 1 MiB. With `forward` they wait for the client, else for the
   * app. All groups with the same `forward` share one queue, so the first join decides. Default 4,096.
   */
  maxQueue?: number | undefined
  /**
   * What happens if the queue is full. `close` closes the socket with 1013; the other two tell a gap. The first join decides,
   * as with `maxQueue`. Default `close`.
   */
  onSlow?: SlowPolicy | undefined
}
