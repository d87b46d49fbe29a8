// The bodies that middleware give to the response of a sync app.

import { AppError } from '../../errors.ts'
import { checkedChunk, chunkBytes } from '../../sync/chunk.ts'
import type { Chunk, SyncBody } from '../../contract/environ.ts'
import type { MappedBody } from '../body-map.ts'
import type { AnswerBody, Outgoing } from '../response.ts'

/**
 * The body of a response that the app did not make.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a body that has to be awaited
 */
export function answerBody(response: Outgoing, method: string): SyncBody {
  const { answer = '' } = response
  const mapped = response.mapped(method)
  if (isChunk(answer)) {
    if (mapped) return mappedArray([answer], mapped)
    return answer.length === 0 ? [] : [answer]
  }
  if (!(Symbol.iterator in answer)) {
    throw new AppError(
      'respond() was given an async body around a sync app; give it an iterable, or chunks',
    )
  }
  return mapped ? new MappedIterable(answer, mapped) : (answer as SyncBody)
}

/** An array body, mapped at once. */
export function mappedArray(body: readonly unknown[], mapped: MappedBody): Chunk[] {
  const chunks = body.map((value) => checkedChunk(value, 'the app returned an array with'))
  if (chunks.length === 0) return [mapped.throughNow('', true)]
  return chunks.map((chunk, at) => mapped.throughNow(chunk, at === chunks.length - 1))
}

/** The number of bytes of an array body. */
export function bytesOf(body: readonly Chunk[]): number {
  return body.reduce((sum, chunk) => sum + chunkBytes(chunk), 0)
}

function isChunk(answer: AnswerBody): answer is Chunk {
  return typeof answer === 'string' || answer instanceof Uint8Array
}

class MappedIterable implements Iterable<Chunk> {
  readonly #body: Iterable<Chunk>
  readonly #mapped: MappedBody

  constructor(body: Iterable<Chunk>, mapped: MappedBody) {
    this.#body = body
    this.#mapped = mapped
  }

  *[Symbol.iterator](): Generator<Chunk, undefined> {
    for (const value of this.#body) {
      yield this.#mapped.throughNow(checkedChunk(value, 'the body yielded'), false)
    }
    yield this.#mapped.throughNow('', true)
    return undefined
  }

  close(): void {
    this.#mapped.close()
    const body = this.#body as { close?(): void }
    body.close?.()
  }
}
