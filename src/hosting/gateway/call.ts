// A call of a host, on the side of the gateway: an event app on the loop, its request and response in messages.

import { deferred } from '../../waiting/deferred.ts'
import { ByteQueue } from '../../sync/byte-queue.ts'
import { EventSession } from '../../bridge/event-session.ts'
import { withoutHostFields } from '../../bridge/host-fields.ts'
import { fromErrorData, toErrorData } from '../protocol/error-data.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { EventApp, HttpScope } from '../../contract/events.ts'
import type { AnswerMessage, CalledMessage, CallMessage } from '../protocol/messages.ts'

const WINDOW_BYTES = 64 * 1024

/** Runs `app` for one call; the messages of the call are taken by {@link take}. Whoever opens it closes it. */
export class GatewayCall {
  readonly #message: CalledMessage
  readonly #post: (message: AnswerMessage['message']) => void
  readonly #bytes = new ByteQueue()
  #bodyEnded: boolean
  #grantedBytes = 0
  #arrival: Deferred<void> | undefined
  #underWayBytes = 0
  #credit: Deferred<void> | undefined
  #failure: Error | undefined
  #session: EventSession | undefined
  #isDone = false

  constructor(message: CalledMessage, post: (message: AnswerMessage['message']) => void) {
    this.#message = message
    this.#post = post
    this.#bodyEnded = !message.hasBody
  }

  /** Never rejects: what goes wrong is told to the caller. */
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

  take(message: Exclude<CallMessage['message'], CalledMessage>): void {
    switch (message.type) {
      case 'body':
        this.#bytes.push(message.chunk)
        this.#grantedBytes -= message.chunk.length
        this.#bodyEnded = message.last
        return this.#wake()
      case 'credit':
        this.#underWayBytes -= message.bytes
        return this.#wake()
      case 'cancel':
        return this.close(fromErrorData(message.error))
    }
  }

  /** Stops the app: the caller is gone, or wants no more. It is done when the app has ended, or its grace is over. */
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
      this.#underWayBytes += chunk?.length ?? 0
      if (!end) await this.#awaitCredit(responseWindow)
    }
  }

  async #awaitCredit(window: number): Promise<void> {
    while (this.#underWayBytes > window) {
      if (this.#failure) throw this.#failure
      this.#credit = deferred()
      await this.#credit.promise
    }
  }

  async #read(size: number): Promise<Uint8Array> {
    while (this.#bytes.length === 0 && !this.#bodyEnded) {
      if (this.#failure) throw this.#failure
      this.#want()
      this.#arrival = deferred()
      await this.#arrival.promise
    }
    return this.#bytes.take(size)
  }

  // What was granted and has not come yet counts: the buffer never holds more than a window and a chunk.
  #want(): void {
    if (this.#grantedBytes > 0) return
    const bytes = WINDOW_BYTES - this.#grantedBytes
    this.#grantedBytes = WINDOW_BYTES
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
