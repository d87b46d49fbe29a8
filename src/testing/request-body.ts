// The body of a test's request: its chunks, its length, and its content type. They are those of `fetch`.

import { Buffer } from 'node:buffer'
import { isAnyArrayBuffer } from 'node:util/types'
import { InvalidOptionError } from '../errors.ts'
import { nameOf } from '../name-of.ts'
import { encodedForm } from './form-data.ts'
import type { BodySource, PreparedBody } from './request-feed.ts'

/**
 * The bodies that a test may send, with the content type and the length of `fetch`. Strings are sent as UTF-8, and a
 * `FormData` as multipart/form-data. An iterable and a stream are sent chunked; their chunks are strings or bytes.
 */
export type TestBody =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | FormData
  | URLSearchParams
  | Iterable<BodyChunk>
  | AsyncIterable<BodyChunk>

/** @inline */
type BodyChunk = string | ArrayBuffer | ArrayBufferView

/** When the client leaves on purpose: at once, or after bytes of its body, or after bytes of the response. */
export type Departure = 'at-once' | { sentBytes: number } | { receivedBytes: number }

/**
 * Prepares `body`.
 *
 * @param split one size for all chunks, or a list of sizes after which the rest is one chunk; only for a body of known
 *   length
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a value that is no body, or an impossible `split`
 */
export function preparedBody(
  body: TestBody,
  split: number | readonly number[] | undefined,
): PreparedBody {
  const prepared = bodyOf(body)
  if (split === undefined) return prepared
  return { ...prepared, chunks: splitChunks(prepared, split) }
}

/** The JSON text of `value`, as a body. */
export function jsonBody(
  value: unknown,
  split: number | readonly number[] | undefined,
): PreparedBody {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined)
    throw new InvalidOptionError(`"json" is ${nameOf(value)}, which JSON does not have`)
  return { ...preparedBody(text, split), type: 'application/json' }
}

function bodyOf(body: TestBody): PreparedBody {
  if (typeof body === 'string') return whole(bytesOf(body), 'text/plain;charset=UTF-8')
  const bytes = asBytes(body)
  if (bytes !== undefined) return whole(bytes, undefined)

  // The tag decides, because a test environment may have classes of its own for these.
  switch (Object.prototype.toString.call(body)) {
    case '[object URLSearchParams]':
      return whole(
        bytesOf(String(body as URLSearchParams)),
        'application/x-www-form-urlencoded;charset=UTF-8',
      )
    case '[object String]':
      return bodyOf(body.valueOf() as string)
    case '[object FormData]':
      return encodedForm(body as FormData)
    case '[object Blob]':
    case '[object File]':
      return blobBody(body as Blob)
    default:
      return iterated(body)
  }
}

function whole(bytes: Uint8Array, type: string | undefined): PreparedBody {
  return { chunks: [bytes], length: bytes.byteLength, type }
}

function blobBody(blob: Blob): PreparedBody {
  return {
    chunks: blob.stream(),
    length: blob.size,
    type: blob.type === '' ? undefined : blob.type,
  }
}

function iterated(body: TestBody): PreparedBody {
  const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: awaited } = Object(body) as {
    [Symbol.iterator]?: unknown
    [Symbol.asyncIterator]?: unknown
  }
  if (typeof sync === 'function' || typeof awaited === 'function') {
    return { chunks: encoded(body as AsyncIterable<unknown>), length: null, type: undefined }
  }
  throw new InvalidOptionError(
    `"body" cannot be ${nameOf(body)}: it is a string, bytes, a Blob, a FormData, a URLSearchParams, an iterable or a ` +
      'stream; a value to send as JSON is "json"',
  )
}

async function* encoded(body: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of body) {
    const bytes = typeof chunk === 'string' ? bytesOf(chunk) : asBytes(chunk)
    if (bytes === undefined) {
      throw new InvalidOptionError(
        `a chunk of "body" is ${nameOf(chunk)}: chunks are strings or bytes`,
      )
    }
    yield bytes
  }
}

function splitChunks(body: PreparedBody, split: number | readonly number[]): BodySource {
  if (body.length === null) {
    throw new InvalidOptionError(
      '"split" cuts a body that is whole; an iterable has its own chunks',
    )
  }
  const sizes = typeof split === 'number' ? [] : [...split]
  const usual = typeof split === 'number' ? split : Infinity
  if (![...sizes, usual].every((size) => size >= 1)) {
    throw new InvalidOptionError('the sizes of "split" must be at least 1')
  }
  return pieces(body.chunks, sizes, usual)
}

async function* pieces(
  chunks: BodySource,
  sizes: number[],
  usual: number,
): AsyncGenerator<Uint8Array, void> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  const bytes = Buffer.concat(parts)
  for (let at = 0; at < bytes.byteLength;) {
    const piece = bytes.subarray(at, at + (sizes.shift() ?? usual))
    yield piece
    at += piece.byteLength
  }
}

/** The bytes of a buffer, or of a view of one; undefined for another value. */
function asBytes(value: unknown): Uint8Array | undefined {
  if (isAnyArrayBuffer(value)) return new Uint8Array(value)
  if (!ArrayBuffer.isView(value)) return undefined
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
