// environ['wsgi.input'] of an async-iterable app: the request body as a file whose reads are awaited.

import { AppError, ClientDisconnectedError, WouldDeadlockError } from '../../errors.ts'
import { ByteBuffer } from '../../sync/byte-buffer.ts'
import type { AsyncInputStream } from '../../contract/environ.ts'
import type { Receive } from '../../contract/events.ts'

/** Reads the body from `receive`, one event at a time and only on demand, so that the client sends at the app's pace. */
export class AsyncInput implements AsyncInputStream {
  readonly #receive: Receive
  readonly #buffer: ByteBuffer = new ByteBuffer()
  #ended = false
  #filling: Promise<void> | undefined

  constructor(receive: Receive) {
    this.#receive = receive
  }

  async readAsync(size?: number): Promise<Uint8Array> {
    const wanted = size === undefined || size < 0 ? Infinity : checkedSize('readAsync', size)
    while (this.#buffer.length < wanted && (await this.#fill()));
    return this.#buffer.take(wanted)
  }

  async read1Async(size: number): Promise<Uint8Array> {
    const most = checkedSize('read1Async', size)
    while (this.#buffer.length === 0 && (await this.#fill()));
    return this.#buffer.take(most)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    for (;;) {
      const line = await this.#nextLine()
      if (line.length === 0) return undefined
      yield line
    }
  }

  read(): Uint8Array {
    return refuse('read')
  }

  readline(): Uint8Array {
    return refuse('readline')
  }

  readlines(): Uint8Array[] {
    return refuse('readlines')
  }

  [Symbol.iterator](): Iterator<Uint8Array> {
    return refuse('iteration')
  }

  async #nextLine(): Promise<Uint8Array> {
    for (;;) {
      const line = this.#buffer.takeLine()
      if (line) return line
      if (!(await this.#fill())) return this.#buffer.takeAll()
    }
  }

  // Returns false after the end of the body. Concurrent reads share one event, which is buffered once.
  async #fill(): Promise<boolean> {
    if (this.#ended) return false
    this.#filling ??= this.#takeEvent()
    await this.#filling
    return true
  }

  // Every read after a cut throws, because a cut must not look like the end of the body.
  async #takeEvent(): Promise<void> {
    try {
      const event = await this.#receive()
      if (event.type !== 'http.request') {
        throw new ClientDisconnectedError(
          'the client disconnected before the end of the request body',
        )
      }
      this.#ended = !event.moreBody
      this.#buffer.append(event.body)
    } finally {
      this.#filling = undefined
    }
  }
}

function checkedSize(method: string, size: number): number {
  if (size === Infinity || (Number.isSafeInteger(size) && size >= 0)) return size
  throw new AppError(`wsgi.input ${method}() takes a whole number of bytes, got ${String(size)}`)
}

function refuse(method: string): never {
  throw new WouldDeadlockError(
    `wsgi.input ${method} would block the event loop; use \`await input.readAsync(size)\` or \`for await (const line of input)\``,
  )
}
