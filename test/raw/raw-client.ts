// A client that speaks bytes over a socket of its own. It hides nothing, and every wait has a deadline.

import { once } from 'node:events'
import { connect } from 'node:net'
import { settlesWithin } from '../../src/waiting/settles-within.ts'
import { takeBody, takeChunk, takeHead } from './raw-response.ts'
import type { Socket } from 'node:net'
import type { ServerAddress } from 'isthmus'
import type { RawBody, RawHead, RawResponse } from './raw-response.ts'

/** How the server ended the connection: with FIN, with RST, or not yet. */
export type Ending = 'open' | 'end' | 'reset'

/** One connection. The test that opens it also disposes it. */
export class RawClient implements Disposable {
  readonly socket: Socket
  readonly #deadlineMs: number
  // Joined when they are looked at: a join for each piece takes seconds for a large response.
  #pieces: Buffer[] = []
  #received = 0
  #ending: Ending = 'open'
  #wake: () => void = () => undefined

  private constructor(socket: Socket, deadlineMs: number) {
    this.socket = socket
    this.#deadlineMs = deadlineMs
    socket.on('data', (chunk) => {
      this.#pieces.push(chunk)
      this.#received += chunk.length
      this.#wake()
    })
    socket.on('end', () => this.#ended('end'))
    socket.on('error', () => this.#ended('reset'))
    socket.on('close', () => this.#ended('end'))
  }

  static async connect(address: ServerAddress, deadlineMs = 30_000): Promise<RawClient> {
    const socket = connect(address)
    socket.setNoDelay()
    await once(socket, 'connect', { signal: AbortSignal.timeout(deadlineMs) })
    return new RawClient(socket, deadlineMs)
  }

  /** Sends `bytes`; each character of a string is one byte. */
  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** Sends `bytes` so that the server reads them separately from later bytes. */
  async sendApart(bytes: string | Uint8Array): Promise<void> {
    this.send(bytes)
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** The next complete response; throws if the connection ends before it is complete. */
  async response(method = 'GET'): Promise<RawResponse> {
    const head = await this.head()
    return { ...head, ...(await this.body(head, method)) }
  }

  /** The complete body after `head`; throws if the connection ends before it is complete. */
  body(head: RawHead, method = 'GET'): Promise<RawBody> {
    return this.#take(`the body of the response to ${method}`, (inbox) =>
      takeBody(inbox, head, method, this.#ending !== 'open'),
    )
  }

  /** The next chunk of a chunked body; null for the last. */
  chunk(): Promise<string | null> {
    return this.#take('a chunk', takeChunk)
  }

  /** The next head alone; the bytes after it stay for the next call. */
  head(): Promise<RawHead> {
    return this.#take('a head', takeHead)
  }

  /** The next `size` bytes, as latin-1. */
  bytes(size: number): Promise<string> {
    return this.#take(`${size} bytes`, (inbox) =>
      inbox.length < size ? null : { taken: inbox.toString('latin1', 0, size), size },
    )
  }

  /** All bytes until the server ends the connection, as latin-1. */
  async rest(): Promise<string> {
    await this.ended()
    const rest = this.#inbox.toString('latin1')
    this.#drop(rest.length)
    return rest
  }

  /** Resolves when the server has ended the connection; the value says how. */
  async ended(): Promise<Ending> {
    const ended = this.#until(() => this.#ending !== 'open')
    if (!(await settlesWithin(ended, this.#deadlineMs)))
      throw this.#failure('the end of the connection')
    return this.#ending
  }

  /** The bytes that have arrived and were not read. */
  get received(): number {
    return this.#received
  }

  /** Whether the server has kept the connection open so far. */
  get open(): boolean {
    return this.#ending === 'open'
  }

  /** Leaves with RST, like a client that crashes. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  async #take<Value>(
    what: string,
    take: (inbox: Buffer) => { taken: Value; size: number } | null,
  ): Promise<Value> {
    let found: { taken: Value; size: number } | null = null
    const arrived = this.#until(() => {
      found = take(this.#inbox)
      return found !== null || this.#ending !== 'open'
    })
    const inTime = await settlesWithin(arrived, this.#deadlineMs)
    found = take(this.#inbox)
    if (!inTime || found === null) throw this.#failure(what)

    this.#drop(found.size)
    return found.taken
  }

  get #inbox(): Buffer {
    const inbox = this.#pieces.length === 1 ? this.#pieces[0] : undefined
    if (inbox) return inbox
    const joined = Buffer.concat(this.#pieces)
    this.#pieces = [joined]
    return joined
  }

  #drop(size: number): void {
    const rest = this.#inbox.subarray(size)
    this.#pieces = [rest]
    this.#received = rest.length
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #ended(ending: Ending): void {
    if (this.#ending === 'open') this.#ending = ending
    this.#wake()
  }

  #failure(what: string): Error {
    const received = JSON.stringify(this.#inbox.toString('latin1').slice(0, 500))
    return new Error(`${what} did not come; the connection: ${this.#ending}, unread: ${received}`)
  }
}
