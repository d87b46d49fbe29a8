// Channels: messages from any code to groups of consumers. Types only.

/** A place in the history of a group. Two messages of one epoch are in the order of their offsets. */
export interface Position {
  /** The life of a history: a broker that has lost its messages begins another one. */
  readonly epoch: string
  /** 1 for the first message of the epoch, and one more for each further one. */
  readonly offset: number
}

/** One message of a group. All consumers of a process share this object: it is frozen, and its bytes must not be changed. */
export interface ChannelMessage {
  readonly type: 'message'
  /** The group, or the address for a message that `send` has sent. */
  readonly group: string
  /** The value that was published, as JSON gives it back; a `Uint8Array` if bytes were published. */
  readonly message: unknown
  /** The place in the history of the group; null for a group without a history. */
  readonly position: Position | null
  /** The event as JSON text, for a browser: `{"group":"board","message":{…},"epoch":"…","offset":7}`. It is made once. */
  readonly text: string
}

/**
 * The reason of a gap. `slow`: the queue of the consumer, or of its process or thread, was full. `broker`: the connection to
 * the broker was interrupted. `epoch`: the broker has lost the history. `history`: the history is shorter than the absence.
 * `publisher`: a publisher could not pass its messages on.
 */
export type GapReason = 'slow' | 'broker' | 'epoch' | 'history' | 'publisher'

/** Messages of a group are lost for this consumer. The messages before and after the gap are in order. */
export interface ChannelGap {
  readonly type: 'gap'
  readonly group: string
  readonly reason: GapReason
  /** The number of lost messages; null if it is not known, zero included. */
  readonly lost: number | null
  /** The place after the gap, if it is known. */
  readonly position: Position | null
  /** The event as JSON text: `{"group":"board","gap":"slow","lost":12}`. */
  readonly text: string
}

/** An event of a {@link Subscription}. */
export type ChannelEvent = ChannelMessage | ChannelGap

/** The options of {@link Subscription.join}. */
export interface JoinOptions {
  /**
   * The position of the last message that the consumer has. The messages after it come first, if the group keeps a history;
   * else a gap says that they cannot. An empty epoch stands for a consumer that has none: it gets all messages that the
   * history has, and no gap. Default null: the messages from now on.
   */
  since?: Position | null | undefined
}

/** The result of {@link Subscription.join}. */
export interface Joined {
  /** The position from which on live messages come; null for a group without a history. */
  readonly position: Position | null
  /** The number of messages after `since` that came from the history; null without `since`, and after a gap. */
  readonly recovered: number | null
}

/** The policy for a consumer whose queue is full. `close` ends the subscription with {@link SlowConsumerError}. */
export type SlowPolicy = 'dropOldest' | 'dropNewest' | 'close'

/** The options of {@link Channels.subscribe}. */
export interface SubscriptionOptions {
  /** The most messages that wait for the consumer. The messages of a recovery come on top. Default 256. */
  maxQueue?: number | undefined
  /** The most bytes that wait for the consumer, by the length of the messages. Default 1 MiB. */
  maxQueueBytes?: number | undefined
  /** What happens if the queue is full. Default `dropOldest`: a gap tells the loss. */
  onSlow?: SlowPolicy | undefined
  /**
   * Gets each event at once, in place of the queue, the iteration and `receive`. An error that it throws goes to the log.
   * Default none.
   */
  onEvent?: ((event: ChannelEvent) => void) | undefined
}

/** The consumer of any number of groups. The iteration ends after `close`. */
export interface Subscription extends AsyncIterable<ChannelEvent>, Disposable {
  /** The direct channel of this consumer: the first argument of {@link Channels.send}. */
  readonly address: string
  /** The groups that the consumer has joined. */
  readonly groups: readonly string[]
  /**
   * Adds a group. Resolves when the messages of the group come from now on, those after `since` included; while the broker
   * is away it waits. A group that is joined already is left and joined again.
   *
   * @throws {@link InvalidChannelError} (`ISTHMUS_INVALID_CHANNEL`) for an impossible name or position;
   *   {@link ChannelsClosedError} (`ISTHMUS_CHANNELS_CLOSED`) if the channels, or the subscription, are closed
   */
  join(group: string, options?: JoinOptions): Promise<Joined>
  /** Removes a group: none of its events comes any more, those in the queue included. */
  leave(group: string): void
  /**
   * The next event; undefined after `close`. While a call is pending, a further call returns the same promise. Code that stops
   * to wait, for a time limit for example, keeps the promise and awaits it later: it brings the next event.
   * With `onEvent` it waits for the end of the subscription.
   *
   * @throws {@link SlowConsumerError} (`ISTHMUS_SLOW_CONSUMER`) after the policy `close` has ended the subscription
   */
  receive(): Promise<ChannelEvent | undefined>
  /** Keeps the events for `onEvent` in the queue, up to its bounds, until `resume`. Without `onEvent` it has no effect. */
  pause(): void
  /** Gives the events that wait to `onEvent`, until a further `pause`. */
  resume(): void
  /** Leaves all groups and drops the queue. */
  close(): void
}

/** The counters of channels in one process. Each call of `stats()` returns a new object. */
export interface ChannelsStats {
  /** Whether the broker is reachable. */
  connected: boolean
  /** Consumers that are open. */
  subscriptions: number
  /** Groups that have a consumer here. */
  groups: number
  /** Messages that this process has published, without the dropped ones. */
  published: number
  /** Messages that wait for the broker. */
  pending: number
  /** Messages that were given to consumers: one for each consumer. */
  delivered: number
  /** Gaps that consumers were told, by their reasons. */
  gaps: Record<GapReason, number>
  /** Messages that are lost: by publishers at their bound, by slow consumers, and direct messages without a consumer. */
  dropped: { publisher: number; slow: number; unreached: number }
}

/** Messages from any code to groups of consumers, in this process and in all others that have the same broker. */
export interface Channels {
  /**
   * Publishes a message to all consumers of a group. The call never waits for the broker. Messages of one publisher and one
   * group arrive in order, and at most once.
   *
   * @param group 1 to 255 characters
   * @param message bytes, or a value that `JSON.stringify` can express; at most `maxMessageBytes`
   * @returns false if the message was dropped: too many messages wait for the broker, or the channels are closed. The drop is
   *   counted, and a gap tells the consumers
   * @throws {@link InvalidChannelError} (`ISTHMUS_INVALID_CHANNEL`) for an impossible group or message
   */
  publish(group: string, message: unknown): boolean
  /** Sends a message to one consumer, by its {@link Subscription.address}. Else it is like {@link publish}. */
  send(address: string, message: unknown): boolean
  /** Makes a consumer without groups. Its owner closes it. */
  subscribe(options?: SubscriptionOptions): Subscription
  /** The counters of this moment. */
  stats(): ChannelsStats
  /** Ends all subscriptions, passes waiting messages on for at most a second, and leaves the broker. */
  close(): Promise<void>
}
