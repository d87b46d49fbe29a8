// The groups of one WebSocket: made at its first join, and left at its end.

import { completeOptions, invalidOption } from '../complete-options.ts'
import { AppError, ClientDisconnectedError } from '../errors.ts'
import { SocketForwarding } from './socket-forwarding.ts'
import { SocketReading } from './socket-reading.ts'
import type { Channels, Joined, Position, SlowPolicy } from '../contract/channels.ts'
import type { WebSocketScope } from '../contract/events.ts'
import type { JoiningSocket, SocketBounds, SocketJoinOptions } from './joining-socket.ts'

const DEFAULTS = {
  since: null as Position | null,
  forward: false,
  // Messages come in bursts: a loop that publishes, a batch of the broker. Neither the app nor the client takes one in between.
  maxQueue: 4_096,
  onSlow: 'close' as SlowPolicy,
}

// One object for all sockets with these bounds.
const DEFAULT_BOUNDS: SocketBounds = { maxQueue: DEFAULTS.maxQueue, onSlow: DEFAULTS.onSlow }

/** The joins of a socket. It closes itself when the exchange ends. */
export class SocketChannels {
  readonly #channels: Channels
  readonly #socket: JoiningSocket
  #forwarding: SocketForwarding | undefined
  #reading: SocketReading | undefined
  #isOver = false

  /** @throws {@link AppError} (`ISTHMUS_APP_FAULT`) if the host has no channels */
  constructor(scope: WebSocketScope, socket: JoiningSocket) {
    const channels = scope['isthmus.channels']
    if (!channels) {
      throw new AppError(
        'socket.join() needs the channels of the server, and scope has no "isthmus.channels"; serve the app with isthmus',
      )
    }
    this.#channels = channels
    this.#socket = socket
    scope['isthmus.exchange']?.onEnd(() => this.close())
  }

  /** The messages of the client and the events of groups as one sequence; undefined if no group needs it. */
  get reading(): SocketReading | undefined {
    return this.#reading
  }

  /**
   * Makes the queue for the groups with these options, before the socket is accepted.
   *
   * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
   */
  prepare(options: SocketJoinOptions): void {
    const { forward, maxQueue, onSlow } = completeOptions('join', options, DEFAULTS)
    if (this.#isOver) return
    const isDefault = maxQueue === DEFAULTS.maxQueue && onSlow === DEFAULTS.onSlow
    const bounds = isDefault ? DEFAULT_BOUNDS : { maxQueue, onSlow }
    const [channels, socket] = [this.#channels, this.#socket]
    if (forward) this.#forwarding ??= new SocketForwarding(channels, bounds, socket)
    else this.#reading ??= new SocketReading(channels, bounds, socket)
    const made = forward ? this.#forwarding : this.#reading
    if (made) checkBounds(options, made.bounds)
  }

  /** Joins a group with options that {@link prepare} has taken. */
  async join(group: string, { forward, since }: SocketJoinOptions): Promise<Joined> {
    try {
      const [own, other] = forward
        ? [this.#forwarding, this.#reading]
        : [this.#reading, this.#forwarding]
      if (!own || this.#isOver) throw new ClientDisconnectedError()
      other?.leave(group)
      return await own.join(group, since ?? null)
    } catch (error) {
      throw this.#isOver ? new ClientDisconnectedError() : error
    }
  }

  leave(group: string): void {
    this.#forwarding?.leave(group)
    this.#reading?.leave(group)
  }

  /** Leaves all groups. */
  close(): void {
    this.#isOver = true
    this.#forwarding?.close()
    this.#reading?.close()
  }

  /** Leaves all groups, and ends the reading. */
  end(): void {
    this.close()
    this.#reading?.end()
  }
}

function checkBounds(given: SocketJoinOptions, bounds: SocketBounds): void {
  for (const option of ['maxQueue', 'onSlow'] as const) {
    const value = given[option]
    if (value === undefined || value === bounds[option]) continue
    const remedy = `the groups of the socket share one queue, whose ${option} is ${bounds[option]}`
    throw invalidOption('join', option, value, remedy)
  }
}
