// Sends each chunk of a body through the maps that middleware have added to it.

import { inspect } from 'node:util'
import { AppError, ContentLengthMismatchError } from '../errors.ts'
import { checkedChunk, chunkBytes, isThenable } from '../sync/chunk.ts'
import { attempt } from '../sync/run-end.ts'
import type { Chunk } from '../contract/environ.ts'

/** Changes a body on its way out. */
export interface BodyMap {
  /**
   * Called for each chunk that is not empty. The returned chunk is sent at once, even if it is empty: one chunk goes out
   * for each chunk that comes in. Around an app that awaits it may return a promise.
   */
  chunk(chunk: Chunk): Chunk | PromiseLike<Chunk>
  /**
   * Called after the last chunk of a complete body; returns the last bytes. It is not called for a body that breaks
   * off.
   */
  end?(): Chunk | PromiseLike<Chunk>
  /**
   * Called once, after the last call of `chunk` and `end`: the body is complete, the app or a map failed, the client
   * left, or another response is sent instead. Also called if no chunk ever came. Frees the resources of the map. A
   * promise of `chunk` may still be pending when the client leaves. An error that `close` throws becomes a process
   * warning.
   */
  close?(): void
}

/** One body and its maps, from the innermost to the outermost. */
export class MappedBody {
  readonly #maps: BodyMap[] = []
  readonly #appBytes: number | undefined
  #announcedBytes: number | undefined = undefined
  #bytes = 0
  #closed = false

  /** @param appBytes the Content-Length of the app; the server cannot check it, because the maps change the length */
  constructor(appBytes: number | undefined) {
    this.#appBytes = appBytes
  }

  /** Adds the next outer map. */
  add(map: BodyMap): void {
    this.#maps.push(map)
  }

  /** @param hasContent false if the client gets no body, so that the app may send less than it announced */
  begin(hasContent: boolean): this {
    this.#announcedBytes = hasContent ? this.#appBytes : undefined
    return this
  }

  /** Whether a map waits for the end of the body. */
  get needsClose(): boolean {
    return !this.#closed && this.#maps.some((map) => map.close !== undefined)
  }

  /**
   * Passes `chunk` through the maps, and returns one chunk, which may be empty. Yields each promise to wait for. A closed
   * body returns an empty chunk.
   *
   * @param isLast the body ends with this chunk
   * @throws {@link ContentLengthMismatchError} (`ISTHMUS_CONTENT_LENGTH_MISMATCH`); the error of a map
   */
  *through(chunk: Chunk, isLast: boolean): Generator<PromiseLike<unknown>, Chunk, unknown> {
    try {
      const sent = yield* this.#mapped(chunk, isLast)
      if (isLast) this.close()
      return sent
    } catch (error) {
      this.close()
      throw error
    }
  }

  /**
   * The same as {@link through} around a sync app, which cannot wait.
   *
   * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a map that returns a promise
   */
  throughNow(chunk: Chunk, isLast: boolean): Chunk {
    const step = this.through(chunk, isLast).next()
    if (step.done) return step.value
    this.close()
    throw new AppError('mapBody(): chunk() and end() cannot return a promise around a sync app')
  }

  /** Closes each map, once. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const map of this.#maps) {
      if (map.close) attempt(AS_WARNING, 'close() of mapBody()', () => map.close?.())
    }
  }

  *#mapped(chunk: Chunk, isLast: boolean): Generator<PromiseLike<unknown>, Chunk, unknown> {
    if (this.#closed) return ''
    this.#count(chunk, isLast)
    let parts = [chunk]
    for (const map of this.#maps) {
      const changed: Chunk[] = []
      for (const part of parts) {
        if (part.length > 0 && !this.#closed) changed.push(yield* settled(map.chunk(part)))
      }
      if (isLast && map.end && !this.#closed) changed.push(yield* settled(map.end()))
      parts = changed
    }
    return this.#closed ? '' : joined(parts)
  }

  #count(chunk: Chunk, isLast: boolean): void {
    const announced = this.#announcedBytes
    if (announced === undefined) return
    this.#bytes += chunkBytes(chunk)
    if (this.#bytes <= announced && (!isLast || this.#bytes === announced)) return
    throw new ContentLengthMismatchError(
      `the body has ${this.#bytes} bytes${isLast ? '' : ' so far'}, the Content-Length announced ${announced}`,
    )
  }
}

/** Reports failures of a cleanup, after which no request can fail any more. */
export const AS_WARNING = {
  warn: (message: string, cause?: unknown): void => {
    process.emitWarning(`${message}: ${inspect(cause)}`)
  },
}

/** Runs `work` to its end, and awaits each promise that it yields. */
export async function waitingFor<Result>(
  work: Generator<PromiseLike<unknown>, Result, unknown>,
): Promise<Result> {
  let step = work.next()
  while (!step.done) {
    try {
      step = work.next(await step.value)
    } catch (error) {
      step = work.throw(error)
    }
  }
  return step.value
}

function* settled(
  value: Chunk | PromiseLike<Chunk>,
): Generator<PromiseLike<unknown>, Chunk, unknown> {
  return checkedChunk(isThenable(value) ? yield value : value, 'mapBody() was given')
}

function joined(parts: readonly Chunk[]): Chunk {
  const [only = '', ...others] = parts.filter(({ length }) => length > 0)
  if (others.length === 0) return only
  return Buffer.concat([only, ...others].map((part) => Buffer.from(part as Uint8Array)))
}
