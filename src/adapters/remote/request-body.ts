// The body of a request on the way to a target. Its beginning is kept for another attempt, as long as it is short.

import { Buffer } from 'node:buffer'
import { ClientDisconnectedError } from '../../errors.ts'
import type { ReceiveEvent } from '../../contract/events.ts'

type Part = IteratorResult<Uint8Array, undefined>

const DONE: Part = { done: true, value: undefined }

/** Reads a body at the pace of the target. Attempts share it: each reads from the start, as long as the parts are kept. */
export class RemoteBody {
  readonly #receive: () => Promise<ReceiveEvent>
  readonly #length: number
  readonly #maxKeptBytes: number
  #kept: Uint8Array[] | undefined = []
  #readBytes = 0
  #isWhole = false
  #pulling: Promise<Part> | undefined
  #fault: unknown

  /**
   * @param length the Content-Length; undefined without one
   * @param maxKeptBytes the most bytes that are kept for another attempt; the first part is kept in any case
   */
  constructor(
    receive: () => Promise<ReceiveEvent>,
    length: string | undefined,
    maxKeptBytes: number,
  ) {
    this.#receive = receive
    this.#length = length === undefined ? -1 : Number(length)
    this.#maxKeptBytes = maxKeptBytes
  }

  /** The reason why the client's body ended early; undefined while it has not. */
  get fault(): unknown {
    return this.#fault
  }

  /** Waits for the first part, so that no connection waits for a slow client, and a short body leaves with its head. */
  async begin(): Promise<void> {
    await this.#pull()
  }

  /** Whether another attempt can send the body: nothing has left, or all of the body is kept. */
  canReplay(wasSent: boolean): boolean {
    if (this.#fault !== undefined || this.#kept === undefined) return false
    return !wasSent || this.#readBytes <= this.#maxKeptBytes
  }

  /** The body for an attempt: its bytes if it has arrived whole, else a reader. */
  open(): Buffer | AsyncIterable<Uint8Array> {
    if (this.#isWhole && this.#kept) return joined(this.#kept)
    return { [Symbol.asyncIterator]: () => readerOf((at) => this.#part(at)) }
  }

  #part(at: number): Promise<Part> {
    const part = this.#kept?.[at]
    if (part) return Promise.resolve({ done: false, value: part })
    return this.#isWhole ? Promise.resolve(DONE) : this.#pull()
  }

  // The reader of a failed attempt may still wait: it gets the same part as the next one.
  #pull(): Promise<Part> {
    this.#pulling ??= this.#receive().then(
      (event) => this.#take(event),
      (error: unknown) => this.#fail(error),
    )
    return this.#pulling
  }

  #take(event: ReceiveEvent): Part | Promise<Part> {
    this.#pulling = undefined
    // A disconnect is never the end of a body.
    if (event.type !== 'http.request') return this.#fail(new ClientDisconnectedError())
    const { body, moreBody } = event
    if (!moreBody) this.#isWhole = true
    if (body.byteLength === 0) return moreBody ? this.#pull() : DONE
    this.#keep(body)
    // The server gives a part before it knows that it is the last one.
    if (this.#readBytes === this.#length) this.#isWhole = true
    return { done: false, value: body }
  }

  #keep(body: Uint8Array): void {
    const isFirst = this.#readBytes === 0
    this.#readBytes += body.byteLength
    if (!this.#kept) return
    if (isFirst || this.#readBytes <= this.#maxKeptBytes) this.#kept.push(body)
    else this.#kept = undefined
  }

  #fail(error: unknown): never {
    this.#pulling = undefined
    this.#fault = error
    throw error
  }
}

function readerOf(part: (at: number) => Promise<Part>): AsyncIterator<Uint8Array, undefined> {
  let at = 0
  return { next: () => part(at++) }
}

function joined(parts: Uint8Array[]): Buffer {
  const [first] = parts
  if (parts.length === 1 && first)
    return Buffer.from(first.buffer, first.byteOffset, first.byteLength)
  return Buffer.concat(parts)
}
