// The way of WebSocket messages from the app to the test. It holds the messages that the test has not received yet,
// up to a limit.

import { deferred } from '../waiting/deferred.ts'
import { SocketClosedError } from './faults.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { SocketEnd } from './faults.ts'

/** A message of a WebSocket: text as a string, binary as bytes. */
export type SocketMessage = string | Uint8Array

/** The messages that the app has sent, whole and in order; then the end. */
export class SocketInbox {
  readonly #highWaterMark: number
  readonly #onDrain: () => void
  readonly #end: Deferred<SocketEnd> = deferred()
  #messages: SocketMessage[] = []
  #bufferedBytes = 0
  #owesDrain = false
  #over: SocketEnd | undefined
  #reader: Deferred<SocketMessage> | undefined

  /**
   * @param highWaterMark the bytes that may wait unread; above them the writer has to wait
   * @param onDrain called when the writer no longer has to wait
   */
  constructor(highWaterMark: number, onDrain: () => void) {
    this.#highWaterMark = highWaterMark
    this.#onDrain = onDrain
  }

  /** Resolves with the end of the socket, when it is closed. */
  get end(): Promise<SocketEnd> {
    return this.#end.promise
  }

  get over(): boolean {
    return this.#over !== undefined
  }

  /** Takes one message. Returns false if the writer has to wait for `onDrain`. */
  write(message: SocketMessage): boolean {
    if (this.#over) return true
    // A copy, because after send() the app may use its buffer again.
    const copy = typeof message === 'string' ? message : new Uint8Array(message)
    if (this.#reader) {
      this.#reader.resolve(copy)
      this.#reader = undefined
      return true
    }
    this.#messages.push(copy)
    this.#bufferedBytes += copy.length
    this.#owesDrain = this.#bufferedBytes > this.#highWaterMark
    return !this.#owesDrain
  }

  /** Resolves with the next message. After the last message of a closed socket it rejects with {@link SocketClosedError}. */
  read(): Promise<SocketMessage> {
    const message = this.#messages.shift()
    if (message !== undefined) return Promise.resolve(this.#taken(message))
    if (this.#over) return Promise.reject(new SocketClosedError(this.#over))
    this.#reader ??= deferred()
    return this.#reader.promise
  }

  close(end: SocketEnd): void {
    if (this.#over) return
    this.#over = end
    this.#end.resolve(end)
    this.#reader?.reject(new SocketClosedError(end))
  }

  #taken(message: SocketMessage): SocketMessage {
    this.#bufferedBytes -= message.length
    if (this.#owesDrain && this.#bufferedBytes <= this.#highWaterMark) {
      this.#owesDrain = false
      this.#onDrain()
    }
    return message
  }
}
