// A mapped body, as events: one goes in, one goes out, and a file is read for it.

import { open } from 'node:fs/promises'
import { harmless } from '../async/deferred.ts'
import { waitingFor } from './body-map.ts'
import type { FileHandle } from 'node:fs/promises'
import type {
  HttpResponseBodyEvent,
  HttpResponsePathsendEvent,
  Send,
  SendEvent,
  WebSocketDenialBodyEvent,
} from '../contract/events.ts'
import type { MappedBody } from './body-map.ts'
import type { StartEvent } from './event-head.ts'

const BLOCK_BYTES = 64 * 1024

interface Sends {
  send: Send
  /** What a map throws: the response cannot become whole. */
  onFailure(error: unknown): void
}

/** Sends what an app sends, its head first, one event behind the other. */
export class MappedEvents {
  readonly #body: MappedBody
  readonly #sends: Sends
  #last: Promise<void> = Promise.resolve()

  constructor(body: MappedBody, sends: Sends) {
    this.#body = body
    this.#sends = sends
  }

  /** Sends the head, and what came with it. */
  begin(start: StartEvent, first: SendEvent | undefined): Promise<void> {
    if (first?.type === 'http.response.pathsend') {
      return this.#inOrder(() => this.#passFile(start, first))
    }
    const started = this.#inOrder(() => this.#sends.send(start))
    return first ? started.then(() => this.pass(first)) : started
  }

  /** Sends what comes later. */
  pass(event: SendEvent): Promise<void> {
    switch (event?.type) {
      case 'http.response.body':
      case 'websocket.http.response.body':
        return this.#inOrder(() => this.#passBody(event))
      default:
        return this.#inOrder(() => this.#sends.send(event))
    }
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return harmless(done)
  }

  async #passBody(event: HttpResponseBodyEvent | WebSocketDenialBodyEvent): Promise<void> {
    const body = await this.#mapped(event.body ?? '', event.moreBody !== true)
    await this.#sends.send({ ...event, body })
  }

  // A file that cannot be opened is the server's to answer for.
  async #passFile(start: StartEvent, event: HttpResponsePathsendEvent): Promise<void> {
    const file = await open(event.path).catch(() => null)
    await this.#sends.send(start)
    if (file === null) return this.#sends.send(event)
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
      await this.#sends.send({ type: 'http.response.body', body, moreBody })
      if (!moreBody) return
    }
  }

  async #mapped(chunk: Uint8Array | string, isLast: boolean): Promise<Uint8Array | string> {
    try {
      return await waitingFor(this.#body.through(chunk, isLast))
    } catch (error) {
      this.#sends.onFailure(error)
      throw error
    }
  }
}
