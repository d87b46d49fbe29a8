// The body of one request before its slot: it arrives into a store, and the request reads it from there.

import { ClientDisconnectedError } from '../../../errors.ts'
import { deferred } from '../../../waiting/deferred.ts'
import { ByteStore } from './byte-store.ts'
import type { HttpReceiveEvent, HttpRequestEvent, ReceiveEvent } from '../../../contract/events.ts'
import type { Deferred } from '../../../waiting/deferred.ts'
import type { StoreBounds } from './byte-store.ts'

const EMPTY = new Uint8Array(0)

/** Reads a body ahead. The caller closes it when the request is over. */
export class RequestBuffer {
  readonly #receive: () => Promise<ReceiveEvent>
  readonly #bounds: StoreBounds
  readonly #arrived: Deferred<void> = deferred()
  // Most bodies are one event, which needs no store.
  #whole: HttpRequestEvent | undefined
  #store: ByteStore | undefined
  #room: Deferred<void> | undefined
  #hasLast = false
  #isClosed = false

  constructor(receive: () => Promise<ReceiveEvent>, bounds: StoreBounds) {
    this.#receive = receive
    this.#bounds = bounds
  }

  /**
   * Resolves when the whole body has arrived, or as many bytes as the bounds allow.
   *
   * @throws {@link ClientDisconnectedError} (`ECONNRESET`) if the client left; the error of `receive`; the error of
   *   {@link close}
   */
  fill(): Promise<void> {
    this.#fill().then(
      () => this.#arrived.resolve(),
      (error: unknown) => this.#arrived.reject(error),
    )
    return this.#arrived.promise
  }

  /** The next event of the body, the stored ones first. */
  async receive(): Promise<ReceiveEvent> {
    const whole = this.#whole
    this.#whole = undefined
    if (whole) return whole
    const body = await this.#store?.take()
    if (this.#isClosed) return { type: 'http.disconnect' }
    if (!body && !this.#hasLast) return this.#receive()
    return this.#eventOf(body ?? EMPTY)
  }

  /** Drops the bytes. A {@link fill} that is under way fails with `error`. */
  close(error: Error = new ClientDisconnectedError('the request is over')): void {
    this.#isClosed = true
    this.#arrived.reject(error)
    this.#room?.resolve()
    this.#store?.close()
  }

  /** Called by the store. */
  onRoom(): void {
    this.#room?.resolve()
  }

  async #fill(): Promise<void> {
    const first = await this.#next()
    if (!first.moreBody) return void (this.#whole = first)
    const store = new ByteStore(this.#bounds, this)
    this.#store = store
    store.push(first.body)
    while (!this.#hasLast && !this.#isClosed && (await this.#hasRoom(store))) {
      const { body, moreBody } = await this.#next()
      store.push(body)
      this.#hasLast = !moreBody
    }
  }

  async #next(): Promise<HttpRequestEvent> {
    const event = await this.#receive()
    if (event.type === 'http.request') return event
    throw new ClientDisconnectedError('the client disconnected before the end of the request body')
  }

  // Waits for the file, and returns false if no more bytes can be stored.
  async #hasRoom(store: ByteStore): Promise<boolean> {
    while (store.excessBytes > 0 && store.isWriting) {
      this.#room = deferred()
      await this.#room.promise
    }
    return store.excessBytes === 0
  }

  #eventOf(body: Uint8Array): HttpReceiveEvent {
    const moreBody = !this.#hasLast || (this.#store?.length ?? 0) > 0
    return { type: 'http.request', body, moreBody }
  }
}
