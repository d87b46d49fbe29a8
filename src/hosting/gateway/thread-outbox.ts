// The messages to one thread. Those of one turn of the event loop leave together, since every batch may be a wake-up.

import { performance } from 'node:perf_hooks'
import { toCells } from '../protocol/cells.ts'
import { cannotCross, refusedRequest } from './refused-request.ts'
import type { MessagePort } from 'node:worker_threads'
import type { Doorbell } from '../protocol/doorbell.ts'
import type { ToHost } from '../protocol/messages.ts'

/** So many messages leave together at once, even in the middle of a turn: the thread is not idle until its end. */
const BATCH = 8

/** The owner of an outbox. */
export interface OutboxOwner {
  /** Whether the thread has an event loop that may stand still. */
  readonly isSideBySide: boolean
  /** A message about the request with this `id` cannot cross. */
  onRefused(id: number, error: Error): void
}

/** Writes batches into the port, and asks with each of them whether the event loop of the thread turns. */
export class ThreadOutbox {
  readonly #port: MessagePort
  readonly #bell: Doorbell
  readonly #owner: OutboxOwner
  #messages: ToHost[] = []
  #flushing: NodeJS.Immediate | undefined
  #askedAt = 0

  constructor(port: MessagePort, bell: Doorbell, owner: OutboxOwner) {
    this.#port = port
    this.#bell = bell
    this.#owner = owner
  }

  /** Sends `message` at the end of this turn, or before. */
  readonly post = (message: ToHost): void => {
    this.#messages.push(message)
    if (this.#messages.length >= BATCH) this.#flush()
    else this.#flushing ??= setImmediate(this.#endTurn)
  }

  /** Asks the thread whether its event loop turns. */
  ask(now: number): void {
    this.#askAt(now)
    this.#flush()
  }

  /** How long the thread has not answered, in ms; 0 if it has. */
  waitedMs(now: number): number {
    return this.#bell.hasTurned ? 0 : now - this.#askedAt
  }

  /** The thread is gone. */
  close(): void {
    clearImmediate(this.#flushing)
  }

  readonly #endTurn = (): void => {
    this.#flushing = undefined
    if (this.#messages.length > 0) this.#flush()
  }

  #askAt(now: number): void {
    if (!this.#bell.hasTurned) return
    this.#askedAt = now
    this.#bell.ask()
  }

  #flush(): void {
    if (this.#owner.isSideBySide) this.#askAt(performance.now())
    const batch = this.#messages
    this.#messages = []
    try {
      this.#port.postMessage(toCells(batch))
    } catch {
      for (const message of batch) this.#sendAlone(message)
    }
    this.#bell.ring()
  }

  // Middleware has put a value into a scope or a body that cannot be cloned. Only its own request fails.
  #sendAlone(message: ToHost): void {
    try {
      this.#port.postMessage(toCells([message]))
    } catch (error) {
      const refusal = cannotCross(error)
      if (message.type === 'request' || message.type === 'open') {
        const nestedIn = message.type === 'request' ? message.nestedIn : null
        this.#port.postMessage(toCells(refusedRequest(message.id, nestedIn, refusal)))
      }
      if ('id' in message) this.#owner.onRefused(message.id, refusal)
    }
  }
}
