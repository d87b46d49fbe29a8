// The thread's end of the transport to its pool: batches over a MessagePort, and a doorbell for blocked code.

import { receiveMessageOnPort } from 'node:worker_threads'
import { fromCells, toCells } from './cells.ts'
import type { MessagePort } from 'node:worker_threads'
import type { Doorbell } from './doorbell.ts'
import type { GatewayLink } from './gateway-link.ts'
import type { FromHost, ToHost } from './messages.ts'

/** A {@link GatewayLink} over `port`. */
export class ThreadLink implements GatewayLink {
  readonly #port: MessagePort
  readonly #bell: Doorbell
  #outbox: FromHost[] = []
  #heard = 0
  #claimed = 0

  constructor(port: MessagePort, bell: Doorbell) {
    this.#port = port
    this.#bell = bell
  }

  post(message: FromHost): void {
    this.#outbox.push(message)
  }

  flush(): void {
    if (this.#outbox.length === 0) return
    const batch = this.#outbox
    // First: what cannot cross is not to be tried again.
    this.#outbox = []
    this.#port.postMessage(toCells(batch))
  }

  arrived(): ToHost[] {
    const { rings } = this.#bell
    if (rings === this.#heard) return NOTHING
    this.#heard = rings
    return this.drain()
  }

  /** What is in the port. */
  drain(): ToHost[] {
    const messages: ToHost[] = []
    for (;;) {
      const received = receiveMessageOnPort(this.#port)
      if (!received) return messages
      messages.push(...fromCells<ToHost>(received.message))
    }
  }

  wait(): ToHost[] {
    this.flush()
    for (;;) {
      const messages = this.arrived()
      if (messages.length > 0) return messages
      this.#bell.wait(this.#heard)
    }
  }

  claim(): boolean {
    return this.#bell.claim(this.#claimed++)
  }
}

const NOTHING: ToHost[] = []
