// A body on its way through what changes it, chunk by chunk.

import { AppError, ContentLengthMismatchError } from '../errors.ts'
import { checkedChunk, chunkBytes, isThenable } from '../sync/chunk.ts'
import type { Chunk } from '../contract/environ.ts'

/** What becomes of a body. */
export interface BodyMap {
  /**
   * Called for each chunk that is not empty. What it returns goes out at once, also where it is empty: chunks come and
   * go one for one. Around an app that awaits it may return a promise.
   */
  chunk(chunk: Chunk): Chunk | PromiseLike<Chunk>
  /** Called behind the last chunk of a whole body: what it returns is the rest. Never called for one that broke off. */
  end?(): Chunk | PromiseLike<Chunk>
}

/** One body and its maps, from the inside to the outside. */
export class MappedBody {
  readonly #maps: readonly BodyMap[]
  readonly #announcedBytes: number | undefined
  #bytes = 0

  /** @param announcedBytes what the app's Content-Length said: nobody behind the maps can check it any more */
  constructor(maps: readonly BodyMap[], announcedBytes: number | undefined) {
    this.#maps = maps
    this.#announcedBytes = announcedBytes
  }

  /**
   * What becomes of `chunk`, as one chunk that may be empty. Yields what has to be waited for.
   *
   * @param isLast the body ends with it
   * @throws {@link ContentLengthMismatchError} (`ISTHMUS_CONTENT_LENGTH_MISMATCH`); what a map throws
   */
  *through(chunk: Chunk, isLast: boolean): Generator<PromiseLike<unknown>, Chunk, unknown> {
    this.#count(chunk, isLast)
    let parts = [chunk]
    for (const map of this.#maps) {
      const changed: Chunk[] = []
      for (const part of parts) {
        if (part.length > 0) changed.push(yield* settled(map.chunk(part)))
      }
      if (isLast && map.end) changed.push(yield* settled(map.end()))
      parts = changed
    }
    return joined(parts)
  }

  /**
   * As {@link through}, where nobody can wait.
   *
   * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a map that returns a promise
   */
  throughNow(chunk: Chunk, isLast: boolean): Chunk {
    const step = this.through(chunk, isLast).next()
    if (step.done) return step.value
    throw new AppError('mapBody(): chunk() and end() cannot return a promise around a sync app')
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

/** Runs `work` to its end, waiting where it has to. */
export async function waitingFor<Result>(
  work: Generator<PromiseLike<unknown>, Result, unknown>,
): Promise<Result> {
  let step = work.next()
  while (!step.done) step = work.next(await step.value)
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
