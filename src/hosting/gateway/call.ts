// A call of a host, on the side of the gateway: an event app on the event loop, with its request and response in messages.

import { deferred } from '../../waiting/deferred.ts'
import { ByteQueue } from '../../sync/byte-queue.ts'
import { EventSession } from '../../bridge/event-session.ts'
import { withoutHostFields } from '../../bridge/host-fields.ts'
import { fromErrorData, toErrorData } from '../protocol/error-data.ts'
import { BODY_WINDOW_BYTES } from '../protocol/flow-windows.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { EventApp, HttpScope } from '../../contract/events.ts'
import type { AnswerMessage, CalledMessage, CallMessage } from '../protocol/messages.ts'

/** Runs an app for one call. {@link Calls} opens the call and closes it. */
export class GatewayCall {
  readonly #message: CalledMessage
  readonly #post: (message: AnswerMessage['message']) => void
  readonly #bodyBytes = new ByteQueue()
  #bodyEnded: boolean
  #grantedBytes = 0
  #arrival: Deferred<void> | undefined
  #unacknowledgedBytes = 0
  #credit: Deferred<void> | undefined
  #failure: Error | undefined
  #session: EventSession | undefined
  #isDone = false

  constructor(message: CalledMessage, post: (message: AnswerMessage['message']) => void) {
    this.#message = message
    this.#post = post
    this.#bodyEnded = !message.hasBody
  }

  /** Runs the app to its end. Never rejects: the caller gets the error as a message. */
  async run(app: Promise<EventApp>, scope: HttpScope): Promise<void> {
    const { id } = this.#message
    try {
      const loaded = await app
      if (this.#failure) throw this.#failure
      this.#session = new EventSession(loaded, scope, { read1Async: (size) => this.#read(size) })
      await this.#pass(this.#session)
    } catch (error) {
      if (!this.#isDone) this.#post({ type: 'failure', id, error: toErrorData(error) })
    }
    await this.#session?.close()
    this.#done()
  }

  /** Takes a message of the caller. */
  take(message: Exclude<CallMessage['message'], CalledMessage>): void {
    switch (message.type) {
      case 'body':
        this.#bodyBytes.push(message.chunk)
        this.#grantedBytes -= message.chunk.length
        this.#bodyEnded = message.last
        return this.#wake()
      case 'credit':
        this.#unacknowledgedBytes -= message.bytes
        return this.#wake()
      case 'cancel':
        return this.close(fromErrorData(message.error))
    }
  }

  /** Stops the app: the caller is gone or wants no more. The call is done when the app has ended or its grace is over. */
  close(error: Error): void {
    this.#failure = error
    this.#wake()
    const closed = this.#session?.close() ?? Promise.resolve()
    closed.then(() => this.#done()).catch(() => undefined)
  }

  async #pass(session: EventSession): Promise<void> {
    const { id, responseWindow } = this.#message
    for (let part = await session.next(); part; part = await session.next()) {
      if (this.#failure) throw this.#failure
      const { end } = part
      const head = part.head && { ...part.head, headers: withoutHostFields(part.head.headers) }
      const chunk = part.chunk === null ? null : ownBytes(part.chunk)
      this.#post({ type: 'part', id, head, chunk, end })
      this.#unacknowledgedBytes += chunk?.length ?? 0
      if (!end) await this.#awaitCredit(responseWindow)
    }
  }

  async #awaitCredit(window: number): Promise<void> {
    while (this.#unacknowledgedBytes > window) {
      if (this.#failure) throw this.#failure
      this.#credit = deferred()
      await this.#credit.promise
    }
  }

  async #read(size: number): Promise<Uint8Array> {
    while (this.#bodyBytes.length === 0 && !this.#bodyEnded) {
      if (this.#failure) throw this.#failure
      this.#want()
      this.#arrival = deferred()
      await this.#arrival.promise
    }
    return this.#bodyBytes.take(size)
  }

  // The window includes granted bytes that have not arrived: the buffer never holds more than a window and a chunk.
  #want(): void {
    if (this.#grantedBytes > 0) return
    const bytes = BODY_WINDOW_BYTES - this.#grantedBytes
    this.#grantedBytes = BODY_WINDOW_BYTES
    this.#post({ type: 'want', id: this.#message.id, bytes })
  }

  #wake(): void {
    this.#arrival?.resolve()
    this.#credit?.resolve()
  }

  #done(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#post({ type: 'done', id: this.#message.id, tookMs: 0 })
  }
}
