// A call of a host, on the side of the gateway: an event app on the loop, its request and response in messages.

import { deferred } from '../../async/deferred.ts'
import { ByteBuffer } from '../../sync/byte-buffer.ts'
import { EventSession } from '../event-session.ts'
import { withoutHostFields } from '../host-fields.ts'
import { fromErrorData, toErrorData } from './error-data.ts'
import type { Deferred } from '../../async/deferred.ts'
import type { EventApp, HttpScope } from '../../contract/events.ts'
import type { AnswerMessage, CallMessage, RequestMessage } from './messages.ts'

const WINDOW_BYTES = 64 * 1024

/** Runs `app` for one call; the messages of the call are taken by {@link take}. Whoever opens it closes it. */
export class CalledRequest {
  readonly #message: RequestMessage
  readonly #post: (message: AnswerMessage['message']) => void
  readonly #buffer: ByteBuffer = new ByteBuffer()
  #bodyEnded: boolean
  #asked = false
  #arrival: Deferred<void> | undefined
  #underWayBytes = 0
  #credit: Deferred<void> | undefined
  #failure: Error | undefined
  #session: EventSession | undefined

  constructor(message: RequestMessage, post: (message: AnswerMessage['message']) => void) {
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
      this.#post({ type: 'failure', id, error: toErrorData(error) })
    }
    await this.#session?.close()
    this.#post({ type: 'done', id, tookMs: 0 })
  }

  take(message: Exclude<CallMessage['message'], RequestMessage>): void {
    switch (message.type) {
      case 'body':
        this.#buffer.append(message.chunk)
        this.#bodyEnded = message.last
        this.#asked = false
        return this.#wake()
      case 'credit':
        this.#underWayBytes -= message.bytes
        return this.#wake()
      case 'cancel':
        return this.close(fromErrorData(message.error))
    }
  }

  /** Stops the app: the caller is gone, or wants no more. */
  close(error: Error): void {
    this.#failure = error
    this.#wake()
    if (this.#session) this.#session.close().catch(() => undefined)
  }

  async #pass(session: EventSession): Promise<void> {
    const { id, responseWindow } = this.#message
    for (let part = await session.next(); part; part = await session.next()) {
      const { chunk, end } = part
      const head = part.head && { ...part.head, headers: withoutHostFields(part.head.headers) }
      this.#post({ type: 'part', id, head, chunk, end })
      this.#underWayBytes += chunk?.length ?? 0
      if (end) return
      while (this.#underWayBytes > responseWindow) {
        if (this.#failure) throw this.#failure
        this.#credit = deferred()
        await this.#credit.promise
      }
    }
  }

  async #read(size: number): Promise<Uint8Array> {
    while (this.#buffer.length === 0 && !this.#bodyEnded) {
      if (this.#failure) throw this.#failure
      if (!this.#asked) this.#post({ type: 'want', id: this.#message.id, bytes: WINDOW_BYTES })
      this.#asked = true
      this.#arrival = deferred()
      await this.#arrival.promise
    }
    return this.#buffer.take(size)
  }

  #wake(): void {
    this.#arrival?.resolve()
    this.#credit?.resolve()
  }
}
