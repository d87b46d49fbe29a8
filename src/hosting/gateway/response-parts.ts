// The parts of a response on their way from the host to the server.

import { rejected } from '../../waiting/deferred.ts'
import { fromErrorData } from '../protocol/error-data.ts'
import { RESPONSE_WINDOW_BYTES } from '../protocol/flow-windows.ts'
import { ByteStore } from './buffering/byte-store.ts'
import type { Chunk } from '../../contract/environ.ts'
import type { Send } from '../../contract/events.ts'
import type { FailureMessage, PartMessage, ToHost } from '../protocol/messages.ts'
import type { StoreBounds } from './buffering/byte-store.ts'

/** The request that a response answers. */
export interface ResponseOwner {
  readonly id: number
  post(message: ToHost): void
  /** The response was sent whole. */
  complete(): void
  /** The host has reported its failure. */
  fail(error: Error): void
  /** Gives the request up; the host does not know yet. */
  cancel(error: Error): void
}

// A message for each small piece would cost more than the piece.
const LEAST_CREDIT_BYTES = RESPONSE_WINDOW_BYTES / 4

/**
 * Sends one part at a time; the others wait in a store. The host gets credit for all bytes that are not above the bound
 * of the store, so it does not wait for the client as long as there is room.
 */
export class ResponseParts {
  readonly #owner: ResponseOwner
  readonly #send: Send
  readonly #bounds: StoreBounds
  #isSending = false
  #sendingBytes = 0
  // Most responses have one part and never wait.
  #store: ByteStore | undefined
  // The last part, if it waits for the bytes in the store.
  #ending: PartMessage | FailureMessage | undefined
  // The bytes of the host, by its own count, for which it has no credit yet.
  #owedBytes = 0
  #isEnding = false
  #isOver = false

  constructor(owner: ResponseOwner, send: Send, bounds: StoreBounds) {
    this.#owner = owner
    this.#send = send
    this.#bounds = bounds
  }

  /** Whether the client has to take bytes before further ones are sent. */
  get isWaiting(): boolean {
    return this.#isSending
  }

  /** Whether the last part has come. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  take(part: PartMessage | FailureMessage): void {
    if (this.#isOver) return
    this.#isEnding = part.type === 'failure' || part.end
    if (this.#isSending) this.#keep(part)
    else this.#pass(part)
  }

  /** Drops the parts that wait. */
  drop(): void {
    this.#isOver = true
    this.#store?.close()
  }

  /** Called by the store. */
  onRoom(): void {
    this.#giveCredit()
  }

  #keep(part: PartMessage | FailureMessage): void {
    if (part.type === 'failure' || part.end) this.#ending = part
    if (part.type === 'failure' || part.chunk === null) return
    this.#store ??= new ByteStore(this.#bounds, this)
    this.#store.push(bytesOf(part.chunk))
    if (!part.end) this.#owe(part.chunk)
  }

  #pass(part: PartMessage | FailureMessage): void {
    if (part.type === 'failure') return this.#owner.fail(fromErrorData(part.error))
    const { head, chunk, end } = part
    // If the server refuses the start, it refuses the body too: one of the two errors is enough.
    if (head) this.#sendHead(head)
    this.#sendChunk(chunk ?? '', end)
    if (!end && chunk !== null) this.#owe(chunk)
  }

  #sendHead({ status, headers }: NonNullable<PartMessage['head']>): void {
    try {
      this.#send({ type: 'http.response.start', status, headers }).catch(ignore)
    } catch {
      // The body that follows throws too.
    }
  }

  // No async functions: each would add a promise to a response that has few.
  #sendChunk(body: Chunk, end: boolean): void {
    this.#isSending = true
    this.#sendingBytes = body.length
    this.#sent(body, end).then(
      () => this.#passed(end),
      (error: Error) => this.#owner.cancel(error),
    )
  }

  #sent(body: Chunk, end: boolean): Promise<void> {
    try {
      return Promise.resolve(this.#send({ type: 'http.response.body', body, moreBody: !end }))
    } catch (error) {
      return rejected(error)
    }
  }

  #passed(end: boolean): void {
    if (this.#isOver) return
    this.#isSending = false
    this.#sendingBytes = 0
    if (!end) this.#passNext()
    if (!end) return this.#giveCredit()
    this.drop()
    this.#owner.complete()
  }

  #passNext(): void {
    const bytes = this.#store?.take()
    if (!(bytes instanceof Promise)) return this.#passStored(bytes)
    this.#isSending = true
    bytes.then(
      (read) => this.#passStored(read),
      (error: Error) => this.#owner.cancel(error),
    )
  }

  #passStored(bytes: Uint8Array | undefined): void {
    this.#isSending = false
    if (this.#isOver) return
    const ending = (this.#store?.length ?? 0) === 0 ? this.#ending : undefined
    if (bytes) return this.#sendChunk(bytes, ending?.type === 'part')
    if (ending?.type === 'failure') this.#pass(ending)
    else if (ending) this.#sendChunk('', true)
  }

  #owe(chunk: Chunk): void {
    this.#owedBytes += chunk.length
    this.#giveCredit()
  }

  #giveCredit(): void {
    if (this.#ending) return
    const held = this.#sendingBytes + (this.#store?.memoryBytes ?? 0)
    const excess = Math.max(0, held - this.#bounds.maxMemoryBytes)
    const bytes = this.#owedBytes - excess
    if (bytes < LEAST_CREDIT_BYTES) return
    this.#owedBytes -= bytes
    this.#owner.post({ type: 'credit', id: this.#owner.id, bytes })
  }
}

function bytesOf(chunk: Chunk): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

function ignore(): void {}
