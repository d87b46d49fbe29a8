// The thread's end of the transport to its pool: batches over a MessagePort, a ring for answers that are whole, and a
// doorbell for blocked code.

import { receiveMessageOnPort } from 'node:worker_threads'
import { fromCells, toCells } from '../protocol/cells.ts'
import type { MessagePort } from 'node:worker_threads'
import type { AnswerRing } from '../protocol/answer-ring.ts'
import type { Doorbell } from '../protocol/doorbell.ts'
import type { GatewayLink } from './gateway-link.ts'
import type { FromHost, ToHost } from '../protocol/messages.ts'

/** A {@link GatewayLink} over `port`. */
export class ThreadLink implements GatewayLink {
  readonly #port: MessagePort
  readonly #bell: Doorbell
  readonly #ring: AnswerRing
  #outbox: FromHost[] = []
  // Requests that have said something through the port: what is still in it comes before their answer.
  #speaking: number[] = []
  #heard = 0
  #claimed = 0

  constructor(port: MessagePort, bell: Doorbell, ring: AnswerRing) {
    this.#port = port
    this.#bell = bell
    this.#ring = ring
  }

  post(message: FromHost): void {
    this.#outbox.push(message)
  }

  flush(): void {
    if (this.#outbox.length === 0) return
    const batch = this.#outbox
    // First: what cannot cross is not to be tried again.
    this.#outbox = []
    if (batch.length === 2 && this.#putDown(batch[0] as FromHost, batch[1] as FromHost)) return
    for (const message of batch) this.#note(message)
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

  // A response that is whole, and the end of its request.
  #putDown(part: FromHost, done: FromHost): boolean {
    if (part.type !== 'part' || !part.end || done.type !== 'done' || done.id !== part.id)
      return false
    if (this.#speaking.includes(part.id)) return false
    const { id, head, chunk } = part
    if (!this.#ring.put({ id, head, chunk, tookMs: done.tookMs })) return false
    if (this.#ring.mustWake()) this.#port.postMessage(WAKE)
    return true
  }

  #note(message: FromHost): void {
    if (message.type === 'done') this.#speaking = this.#speaking.filter((id) => id !== message.id)
    // Once: a stream that never ends says something for ever.
    else if ('id' in message && !this.#speaking.includes(message.id))
      this.#speaking.push(message.id)
  }
}

const NOTHING: ToHost[] = []
const WAKE = toCells([])
