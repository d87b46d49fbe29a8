// The way of WebSocket messages from app to test: what was sent and is not yet received, bounded by a mark.

import { deferred } from '../waiting/deferred.ts'
import { SocketClosedError } from './faults.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { SocketEnd } from './faults.ts'

/** One message: text as a string, binary as bytes. */
export type Message = string | Uint8Array

/** Messages in, messages out, each whole and in order; then the end. */
export class MessagePipe {
  readonly #highWaterMark: number
  readonly #onDrain: () => void
  readonly #end: Deferred<SocketEnd> = deferred()
  #messages: Message[] = []
  #bufferedBytes = 0
  #owesDrain = false
  #over: SocketEnd | undefined
  #reader: Deferred<Message> | undefined

  /**
   * @param highWaterMark so many bytes may wait unread; beyond them the writer is told to wait
   * @param onDrain called when a writer that was told to wait may go on
   */
  constructor(highWaterMark: number, onDrain: () => void) {
    this.#highWaterMark = highWaterMark
    this.#onDrain = onDrain
  }

  /** How the socket ended, once it has. */
  get end(): Promise<SocketEnd> {
    return this.#end.promise
  }

  get over(): boolean {
    return this.#over !== undefined
  }

  /** Takes one message; false: wait for `onDrain`. */
  write(message: Message): boolean {
    if (this.#over) return true
    // A copy: once it is sent, the app may use its buffer again.
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

  /** The next message; after the end, once all were read, rejects with {@link SocketClosedError}. */
  read(): Promise<Message> {
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

  #taken(message: Message): Message {
    this.#bufferedBytes -= message.length
    if (this.#owesDrain && this.#bufferedBytes <= this.#highWaterMark) {
      this.#owesDrain = false
      this.#onDrain()
    }
    return message
  }
}
