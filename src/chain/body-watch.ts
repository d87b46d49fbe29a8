// Shows the body of a request to middleware, on its way to the reader.

import { harmless } from '../waiting/deferred.ts'
import { makeReceive } from '../async/receive.ts'
import type { InputStream } from '../contract/environ.ts'
import type { Receive, ReceiveEvent } from '../contract/events.ts'

/** Shows a part of a body to a callback, and returns the part. */
export type BodyWatch = (bytes: Uint8Array) => Uint8Array

/** Makes the watch for `onBody`. An error that `onBody` throws is thrown again at each later read. */
export function bodyWatch(onBody: (bytes: Uint8Array) => void): BodyWatch {
  let failure: { error: unknown } | undefined
  return (bytes) => {
    if (failure) throw failure.error
    try {
      if (bytes.length > 0) onBody(bytes)
    } catch (error) {
      failure = { error }
      throw error
    }
    return bytes
  }
}

/** A `receive` that shows each part of the body once to each of `watches`. */
export function watchedReceive(receive: Receive, watches: readonly BodyWatch[]): Receive {
  let pending: Promise<ReceiveEvent> | undefined
  const next = async (): Promise<ReceiveEvent> => {
    try {
      const event = await receive()
      if (event.type === 'http.request') for (const watch of watches) watch(event.body)
      return event
    } finally {
      pending = undefined
    }
  }
  return makeReceive(() => (pending ??= harmless(next())))
}

/** A `wsgi.input` that shows each part that is read to `watch`. */
export class WatchedInput implements InputStream {
  readonly #input: InputStream
  readonly #watch: BodyWatch

  constructor(input: InputStream, watch: BodyWatch) {
    this.#input = input
    this.#watch = watch
  }

  read(size?: number): Uint8Array {
    return this.#watch(this.#input.read(size))
  }

  readline(size?: number): Uint8Array {
    return this.#watch(this.#input.readline(size))
  }

  readlines(hint?: number): Uint8Array[] {
    return this.#input.readlines(hint).map(this.#watch)
  }

  *[Symbol.iterator](): Generator<Uint8Array, undefined> {
    for (const line of this.#input) yield this.#watch(line)
    return undefined
  }
}
