// The end of the transport in a thread: batches over a MessagePort, a ring for whole answers, and a doorbell that wakes
// blocked code.

import { receiveMessageOnPort } from 'node:worker_threads'
import { fromCells, toCells } from '../protocol/cells.ts'
import { toErrorData } from '../protocol/error-data.ts'
import type { MessagePort } from 'node:worker_threads'
import type { AnswerRing } from '../protocol/answer-ring.ts'
import type { Doorbell } from '../protocol/doorbell.ts'
import type { GatewayLink } from './gateway-link.ts'
import type { FromHost, PartMessage, ToHost } from '../protocol/messages.ts'

/** A {@link GatewayLink} over `port`. */
export class ThreadLink implements GatewayLink {
  readonly #port: MessagePort
  readonly #bell: Doorbell
  readonly #ring: AnswerRing
  #outbox: FromHost[] = []
  #batches = 0
  #ringsHeard = 0
  #nextClaim = 0
  #mayHaveToWake = false

  constructor(port: MessagePort, bell: Doorbell, ring: AnswerRing) {
    this.#port = port
    this.#bell = bell
    this.#ring = ring
  }

  post(message: FromHost): void {
    this.#outbox.push(message)
  }

  /** Writes a whole answer into the ring, where it waits for the next {@link flush}; false if it has to go as messages. */
  answer({ id, head, chunk, end }: PartMessage, tookMs: number): boolean {
    const isNext = end && this.#outbox.length === 0
    if (!isNext || !this.#ring.put({ id, head, chunk, end, tookMs }, this.#batches)) return false
    this.#mayHaveToWake = true
    return true
  }

  /** The loop of the thread has come to its end: it has taken all that has arrived. */
  turned(): void {
    this.#bell.turned()
  }

  flush(): void {
    if (this.#mayHaveToWake && this.#outbox.length === 0 && this.#ring.mustWake()) {
      this.#send(NO_MESSAGES)
    }
    this.#mayHaveToWake = false
    if (this.#outbox.length === 0) return
    const batch = this.#outbox
    // Before the send: a batch that cannot be cloned is not sent again.
    this.#outbox = []
    if (this.#putInRing(batch)) {
      if (this.#ring.mustWake()) this.#send(NO_MESSAGES)
    } else {
      this.#send(batch)
    }
  }

  end(): void {
    this.turned()
    this.flush()
    try {
      process.exit()
    } catch (error) {
      const message = 'an exit handler of the app has failed'
      const failure = toErrorData(error)
      this.post({ type: 'log', level: 'error', fields: {}, error: failure, message })
      this.flush()
      // The second call runs no handler.
      process.exit()
    }
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
      for (const message of fromCells<ToHost>(received.message)) messages.push(message)
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

  waitForClient(mostMs: number): ToHost[] {
    this.flush()
    const until = performance.now() + mostMs
    this.#bell.rest()
    try {
      for (;;) {
        const messages = this.arrived()
        const leftMs = until - performance.now()
        if (messages.length > 0 || leftMs <= 0) return messages
        this.#bell.wait(this.#ringsHeard, leftMs)
      }
    } finally {
      this.#bell.goOn()
    }
  }

  step(): void {
    this.#bell.step()
  }

  claim(): boolean {
    return this.#bell.claim(this.#nextClaim++)
  }

  // The place in the ring comes first: the pool takes the parts before it, and then the batch.
  #send(batch: readonly FromHost[]): void {
    this.#port.postMessage(toCells(batch, [this.#ring.written]))
    this.#batches = (this.#batches + 1) | 0
  }

  // Writes a part, or the last part and the end of its request, into the ring; false if they have to go through the port.
  #putInRing(batch: readonly FromHost[]): boolean {
    const [part, done] = batch
    if (part?.type !== 'part' || batch.length !== (part.end ? 2 : 1)) return false
    if (part.end && !(done?.type === 'done' && done.id === part.id)) return false
    const { id, head, chunk, end } = part
    const tookMs = done?.type === 'done' ? done.tookMs : 0
    const record = { id, head, chunk, end, tookMs }
    if (this.#ring.put(record, this.#batches)) return true
    // In the port many tiny parts would cost far more than their bytes.
    if (part.end || part.head !== null || !this.#ring.isShort(part.chunk)) return false
    do {
      if (this.#ring.mustWake()) this.#send(NO_MESSAGES)
      this.#ring.waitForRoom()
    } while (!this.#ring.put(record, this.#batches))
    return true
  }
}

const NO_MESSAGES: never[] = []
