// Reads the messages of the client and the events of groups as one sequence.

import { rejected } from '../waiting/deferred.ts'
import type {
  ChannelEvent,
  Channels,
  Joined,
  Position,
  Subscription,
} from '../contract/channels.ts'
import type { ReceiveEvent } from '../contract/events.ts'
import type { JoiningSocket, SocketBounds } from './joining-socket.ts'

/** A step of the iteration of a socket. */
export type SocketStep<Event = ChannelEvent> = IteratorResult<
  string | Uint8Array | Event,
  undefined
>

/**
 * Keeps the order of each source, and takes from both in turn if both have something. A message of the client leaves
 * `receive` before the app asks for it; an event waits in the queue of the subscription. Its owner closes it.
 */
export class SocketReading {
  readonly bounds: SocketBounds
  readonly #socket: JoiningSocket
  readonly #subscription: Subscription
  #pending: Promise<SocketStep> | undefined
  #wake: ((step: SocketStep | Promise<never>) => void) | undefined
  #isReceiving = false
  /** The message of the client that waits; a rejected promise if `receive` failed. */
  #arrived: SocketStep | Promise<never> | undefined
  #isClientsTurn = false
  #isOver = false

  constructor(channels: Channels, bounds: SocketBounds, socket: JoiningSocket) {
    this.bounds = bounds
    this.#socket = socket
    this.#subscription = channels.subscribe({ ...bounds, onEvent: (event) => this.#take(event) })
    this.#subscription.pause()
    this.#subscription.receive().catch(() => this.#socket.onSlow())
  }

  /** The next message or event. While a call is pending, a further call returns the same promise. */
  next(): Promise<SocketStep> {
    if (this.#pending) return this.#pending
    if (this.#isOver) return Promise.resolve(OVER)
    const pending = new Promise<SocketStep>((resolve) => {
      this.#wake = resolve
    })
    this.#pending = pending
    // The client is asked first: a group with many messages would keep it from its turn.
    if (!this.#isReceiving && !this.#arrived) this.#ask()
    if (this.#arrived && this.#isClientsTurn) this.#giveArrived()
    // An event that waits comes at once.
    else this.#subscription.resume()
    if (this.#wake && this.#arrived) this.#giveArrived()
    return pending
  }

  join(group: string, since: Position | null): Promise<Joined> {
    return this.#subscription.join(group, { since })
  }

  leave(group: string): void {
    this.#subscription.leave(group)
  }

  /** Leaves all groups; the messages of the client go on. */
  close(): void {
    this.#subscription.close()
  }

  /** Ends the sequence. */
  end(): void {
    this.#isOver = true
    if (this.#wake) this.#give(OVER)
  }

  #ask(): void {
    this.#isReceiving = true
    this.#socket.receive().then(
      (event) => this.#arrive(toStep(event)),
      (error: unknown) => this.#arrive(rejected(error)),
    )
  }

  #take(event: ChannelEvent): void {
    this.#isClientsTurn = true
    this.#give({ done: false, value: event })
  }

  #arrive(step: SocketStep | Promise<never>): void {
    this.#isReceiving = false
    this.#arrived = step
    if (this.#wake) this.#giveArrived()
  }

  #giveArrived(): void {
    const step = this.#arrived as SocketStep | Promise<never>
    this.#arrived = undefined
    this.#isClientsTurn = false
    if (step === OVER) this.#isOver = true
    this.#give(step)
  }

  #give(step: SocketStep | Promise<never>): void {
    const wake = this.#wake
    this.#pending = undefined
    this.#wake = undefined
    this.#subscription.pause()
    wake?.(step)
  }
}

/** A received event as a step: `websocket.disconnect` ends the iteration. */
export function toStep(event: ReceiveEvent): SocketStep<never> {
  if (event.type !== 'websocket.receive') return OVER
  const value = event.text ?? event.bytes ?? undefined
  return value === undefined ? OVER : { done: false, value }
}

/** The last step. */
export const OVER: SocketStep<never> = Object.freeze({ done: true, value: undefined })
