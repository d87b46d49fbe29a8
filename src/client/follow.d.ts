// The contract of `isthmus/channels/client`. The code is follow.js.

/**
 * The state of a page: `connecting` until the connection stands, `live` while it stands, `waiting` before the next attempt,
 * `closed` for ever.
 */
export type FollowState = 'connecting' | 'live' | 'waiting' | 'closed'

/** A message with its group. `epoch` and `offset` are there if the group keeps a history. */
export interface FollowedMessage {
  readonly group: string
  readonly epoch?: string | undefined
  readonly offset?: number | undefined
}

/** Messages of a group are lost for this page. */
export interface FollowedGap {
  readonly group: string
  /** `slow`, `broker`, `epoch`, `history` or `publisher`: see `GapReason` of `isthmus/channels`. */
  readonly reason: string
  /** The number of lost messages; null if it is not known. */
  readonly lost: number | null
}

/** The page has joined a group: it has all messages that the server could recover. */
export interface FollowedJoin {
  readonly group: string
  /** The number of messages that the page had missed and has got; null at its first visit, and after a gap. */
  readonly recovered: number | null
  /** Whether the connection is another one than the first of this page. */
  readonly isReturn: boolean
}

/** The options of {@link follow}; `Message` is the type of the messages that the server publishes. All listeners are optional. */
export interface FollowOptions<Message = unknown> {
  /** Gets each message once, in the order of its group. Bytes are a `Uint8Array`. */
  onMessage?: ((message: Message, event: FollowedMessage) => void) | undefined
  /** Gets the word that messages are lost. A page may load itself again. */
  onGap?: ((gap: FollowedGap) => void) | undefined
  /** Gets the word that a group is joined: at the first connection, and after each cut. */
  onJoined?: ((joined: FollowedJoin) => void) | undefined
  /**
   * Gets each change of the state. `reason` is there if the server has ended it: the close code 1000 or 1008, or the status
   * 401, 403 or 410.
   */
  onState?: ((state: FollowState, reason?: number) => void) | undefined
  /** Gets the texts that are no events of channels, from a socket that sends others too. */
  onText?: ((text: string) => void) | undefined
  /** The positions of an earlier page: {@link Following.positions}. Default none. */
  since?: string | undefined
}

/** A page that follows groups. */
export interface Following {
  readonly state: FollowState
  /** The place of the page in each group, as text for {@link FollowOptions.since}. */
  readonly positions: string
  /** Sends a text to a server that reads the socket. False: there is no WebSocket now, and the text is dropped. */
  send(text: string): boolean
  /** Ends the connection, and does not come back. */
  close(): void
}

/**
 * Follows the groups of a `feed()`, or of a socket that joins with `forward`. After a cut it comes back by itself, and asks for
 * the messages that it has missed.
 *
 * It waits before it comes back: at most 2 s after the first cut, twice as long after each further one, at most 30 s; the
 * time is random, so that pages do not come back all at once. It comes at once when the network is back, and when the page is
 * visible again. If a WebSocket has never come through, and the server has an event stream at the same place, it uses that.
 *
 * @param url the place of the feed: a path, or a URL with `http`, `https`, `ws` or `wss`
 * @param options default: no listeners
 * @example
 * const live = follow<Ticket>('/live', {
 *   onMessage: (ticket) => show(ticket),
 *   onJoined: ({ recovered }) => recovered && tell(`caught up ${recovered} messages`),
 *   onGap: () => location.reload(),
 * })
 */
export function follow<Message = unknown>(
  url: string | URL,
  options?: FollowOptions<Message>,
): Following
