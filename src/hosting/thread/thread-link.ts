// The end of the transport in a thread: batches over a MessagePort, a ring for whole answers, and a doorbell that wakes
// blocked code.

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
  // The requests with messages in the port: their answer may not overtake them in the ring.
  #inPort: number[] = []
  #ringsHeard = 0
  #nextClaim = 0

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
    // Before the send: a batch that cannot be cloned is not sent again.
    this.#outbox = []
    if (batch.length === 2 && this.#putInRing(batch[0] as FromHost, batch[1] as FromHost)) return
    for (const message of batch) this.#note(message)
    this.#port.postMessage(toCells(batch))
  }

  arrived(): ToHost[] {
    const { rings } = this.#bell
    if (rings === this.#ringsHeard) return NO_MESSAGES
    this.#ringsHeard = rings
    return this.drain()
  }

  /** Takes all messages in the port. */
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
      this.#bell.wait(this.#ringsHeard)
    }
  }

  claim(): boolean {
    return this.#bell.claim(this.#nextClaim++)
  }

  // Writes a whole response and the end of its request into the ring; false if they have to go through the port.
  #putInRing(part: FromHost, done: FromHost): boolean {
    if (part.type !== 'part' || !part.end || done.type !== 'done' || done.id !== part.id)
      return false
    if (this.#inPort.includes(part.id)) return false
    const { id, head, chunk } = part
    if (!this.#ring.put({ id, head, chunk, tookMs: done.tookMs })) return false
    if (this.#ring.mustWake()) this.#port.postMessage(WAKE)
    return true
  }

  #note(message: FromHost): void {
    if (message.type === 'done') this.#inPort = this.#inPort.filter((id) => id !== message.id)
    // Once for each request: a stream may send parts for ever.
    else if ('id' in message && !this.#inPort.includes(message.id)) this.#inPort.push(message.id)
  }
}

const NO_MESSAGES: ToHost[] = []
const WAKE = toCells([])
