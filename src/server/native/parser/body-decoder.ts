// The body of a request, with a length or in chunks (RFC 9112, 6.3), without I/O.

import { ChunkedDecoder } from './chunked-decoder.ts'
import type { HeadLimits } from './head-limits.ts'
import type { RequestFraming } from './request-framing.ts'

/**
 * Decodes one body. The framing alone tells the end of the body: the bytes after it are the next request.
 *
 * @example
 * const body = bodyDecoder(parser.framing, limits)
 * while (!body.done) at = body.decode(bytes, at, (data) => received.push(data))
 */
export interface BodyDecoder {
  /** The body is complete, and so are the trailers of a chunked one. True from the start for a request without body. */
  readonly done: boolean
  /** The number of bytes up to the end of the body; Infinity for an unfinished body in chunks. */
  readonly left: number
  /**
   * Takes bytes from `at`, and hands the data in them to `onData` as views that share their memory.
   *
   * @returns the offset after the bytes that belong to the body
   * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) with the status that the bytes deserve
   */
  decode(bytes: Buffer, at: number, onData: (data: Buffer) => void): number
}

/** The decoder of the body that follows a head with this framing. */
export function bodyDecoder(
  { isChunked, contentLength }: Pick<RequestFraming, 'isChunked' | 'contentLength'>,
  limits: HeadLimits,
): BodyDecoder {
  return isChunked ? new ChunkedDecoder(limits) : new LengthDecoder(contentLength ?? 0)
}

/** A body with an announced length. */
class LengthDecoder implements BodyDecoder {
  #left: number

  constructor(length: number) {
    this.#left = length
  }

  get done(): boolean {
    return this.#left === 0
  }

  get left(): number {
    return this.#left
  }

  decode(bytes: Buffer, at: number, onData: (data: Buffer) => void): number {
    const end = Math.min(bytes.length, at + this.#left)
    if (end === at) return at
    this.#left -= end - at
    onData(bytes.subarray(at, end))
    return end
  }
}
