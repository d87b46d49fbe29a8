// The messages that wait for a write to another process: one write at a time takes all that have gathered.

import { Fifo } from '../../waiting/fifo.ts'
import { sealed, withText } from './letter.ts'
import type { LinkPort } from '../link/messages.ts'
import type { Address, FromChild, FromPrimary } from './letter.ts'

// A longer batch would hold the event loop for more than some milliseconds.
const MAX_BATCH = 256
const MAX_BATCH_BYTES = 256 * 1024

/** A process on the other end of an IPC channel. */
export interface IpcEnd {
  readonly connected: boolean
  send(message: object, onSent: (error: Error | null) => void): unknown
}

/**
 * Sends messages to a process, in order. While the process does not read, they wait here: Node's own queue of writes would
 * show neither their number nor their end.
 */
export class IpcOutbox<Message extends FromChild | FromPrimary> implements LinkPort<Message> {
  readonly #end: IpcEnd
  readonly #waiting = new Fifo<Message>()
  #address: Address
  #isWriting = false

  constructor(end: IpcEnd, address: Address) {
    this.#end = end
    this.#address = address
  }

  /** The messages that wait. */
  get length(): number {
    return this.#waiting.length
  }

  post(message: Message): void {
    this.#waiting.push(message)
    if (this.#isWriting) return
    this.#isWriting = true
    // The messages of one callback leave together.
    queueMicrotask(() => this.#write())
  }

  /** Drops the messages that wait, and sends the next ones with another address. */
  readdress(address: Address): void {
    this.#waiting.clear()
    this.#address = address
  }

  #write(): void {
    const batch = this.#nextBatch()
    this.#isWriting = batch.length > 0 && this.#end.connected
    if (!this.#isWriting) return this.#waiting.clear()
    // After an error the process is gone, and `connected` is false.
    this.#end.send(sealed(this.#address, batch), () => this.#write())
  }

  #nextBatch(): Message[] {
    const batch: Message[] = []
    for (let bytes = 0; batch.length < MAX_BATCH && bytes < MAX_BATCH_BYTES;) {
      const message = this.#waiting.shift()
      if (!message) break
      bytes += lengthOf(message)
      batch.push(withText(message))
    }
    return batch
  }
}

function lengthOf(message: FromChild | FromPrimary): number {
  if (message.type === 'publish') return message.payload.length
  if (message.type === 'message') return message.envelope.payload.length
  if (message.type !== 'past') return 0
  return message.past.messages.reduce((sum, { payload }) => sum + payload.length, 0)
}
