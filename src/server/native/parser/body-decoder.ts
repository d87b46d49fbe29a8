// The body of a request, however it is delimited (RFC 9112, 6.3), without I/O.

import { ChunkedDecoder } from './chunked-decoder.ts'
import type { HeaderPairs } from '../../../contract/events.ts'
import type { HeadLimits } from './request-head.ts'
import type { RequestFraming } from './request-framing.ts'

/**
 * Decodes one body. Where it ends is known from its framing alone: what follows is the next request.
 *
 * @example
 * const body = new BodyDecoder(parser.head, limits)
 * while (!body.done) at = body.decode(bytes, at, (data) => received.push(data))
 */
export interface BodyDecoder {
  /** The body, and the trailers of a chunked one, are complete; for a request without body from the start. */
  readonly done: boolean
  /** The trailers of a chunked body, once it is done. */
  readonly trailers: HeaderPairs
  /**
   * Takes bytes from `at`, and hands those that are data to `onData` as views that share their memory.
   *
   * @returns the offset behind what belongs to the body
   * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) with the status that the bytes deserve
   */
  decode(bytes: Buffer, at: number, onData: (data: Buffer) => void): number
}

/** The decoder of the body behind a head with this framing. */
export function bodyDecoder(
  { chunked, contentLength }: Pick<RequestFraming, 'chunked' | 'contentLength'>,
  limits: HeadLimits,
): BodyDecoder {
  return chunked ? new ChunkedDecoder(limits) : new LengthDecoder(contentLength ?? 0)
}

/** A body whose length was announced. */
class LengthDecoder implements BodyDecoder {
  readonly trailers: HeaderPairs = []
  #left: number

  constructor(length: number) {
    this.#left = length
  }

  get done(): boolean {
    return this.#left === 0
  }

  decode(bytes: Buffer, at: number, onData: (data: Buffer) => void): number {
    const end = Math.min(bytes.length, at + this.#left)
    if (end === at) return at
    this.#left -= end - at
    onData(bytes.subarray(at, end))
    return end
  }
}
