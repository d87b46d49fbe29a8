// A mapped body as events: one event goes out for each event that comes in, and a file is read in blocks.

import { open } from 'node:fs/promises'
import { harmless } from '../../waiting/deferred.ts'
import { waitingFor } from '../body-map.ts'
import type { FileHandle } from 'node:fs/promises'
import type {
  HttpResponseBodyEvent,
  HttpResponsePathsendEvent,
  HttpResponseStartEvent,
  SendEvent,
  WebSocketDenialBodyEvent,
  WebSocketDenialStartEvent,
} from '../../contract/events.ts'
import type { MappedBody } from '../body-map.ts'
import type { ExchangeEnd } from './end.ts'

type StartEvent = HttpResponseStartEvent | WebSocketDenialStartEvent

const BLOCK_BYTES = 64 * 1024

/** Sends the events of an app one after the other, the head first. */
export class MappedEvents {
  readonly #body: MappedBody
  readonly #end: ExchangeEnd
  #previous: Promise<void> = Promise.resolve()

  constructor(body: MappedBody, end: ExchangeEnd) {
    this.#body = body
    this.#end = end
  }

  /** Sends the head, and the event that completed it, if there was one. */
  begin(start: StartEvent, first: SendEvent | undefined): Promise<void> {
    return this.#inOrder(async () => {
      if (first?.type === 'http.response.pathsend') return this.#passFile(start, first)
      await this.#end.send(start)
      if (first) await this.#passOne(first)
    })
  }

  /** Sends a later event. */
  pass(event: SendEvent): Promise<void> {
    return this.#inOrder(() => this.#passOne(event))
  }

  #passOne(event: SendEvent): Promise<void> {
    const type = event?.type
    const isBody = type === 'http.response.body' || type === 'websocket.http.response.body'
    return isBody ? this.#passBody(event) : this.#end.send(event)
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const done = this.#previous.then(work)
    this.#previous = done.catch(() => undefined)
    return harmless(done)
  }

  async #passBody(event: HttpResponseBodyEvent | WebSocketDenialBodyEvent): Promise<void> {
    const body = await this.#mapped(event.body ?? '', event.moreBody !== true)
    await this.#end.send({ ...event, body })
  }

  // The server answers for a file that cannot be opened.
  async #passFile(start: StartEvent, event: HttpResponsePathsendEvent): Promise<void> {
    const file = await open(event.path).catch(() => null)
    await this.#end.send(start)
    if (file === null) return this.#end.send(event)
    try {
      await this.#passBlocks(file)
    } finally {
      await file.close()
    }
  }

  async #passBlocks(file: FileHandle): Promise<void> {
    for (;;) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(BLOCK_BYTES))
      const moreBody = bytesRead > 0
      const body = await this.#mapped(buffer.subarray(0, bytesRead), !moreBody)
      await this.#end.send({ type: 'http.response.body', body, moreBody })
      if (!moreBody) return
    }
  }

  async #mapped(chunk: Uint8Array | string, isLast: boolean): Promise<Uint8Array | string> {
    try {
      return await waitingFor(this.#body.through(chunk, isLast))
    } catch (error) {
      // The response cannot become complete, even if the app ignores the rejection.
      this.#end.reject(error)
      throw error
    }
  }
}
