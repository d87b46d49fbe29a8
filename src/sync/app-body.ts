// The values that an app may return, and the messages for those that it returns by mistake.

import { AppError } from '../errors.ts'
import { checkedChunk, chunkBytes, describe, isThenable } from './chunk.ts'

/** A body as an app returned it, before its chunks are checked. */
export interface AppBody extends Iterable<unknown> {
  close?(): unknown
}

/**
 * Returns `value` if it is a body. A bare string and bare bytes are refused, because they would be sent character by
 * character or number by number.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) that names the mistake and the remedy
 */
export function checkedBody(value: unknown): AppBody {
  if (Array.isArray(value)) return value
  if (isIterable(value) && !ArrayBuffer.isView(value)) return value

  // A refused promise may still be rejected, and that must not end the process.
  if (isThenable(value)) void Promise.resolve(value).catch(() => {})
  throw new AppError(`the app returned ${describe(value)}; ${remedyFor(value)}`)
}

/**
 * The length of an Array body in bytes. Its chunks are checked before the head is sent, so that an error page is still
 * possible.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for an element that is not a chunk
 */
export function arrayBytes(body: readonly unknown[]): number {
  let bytes = 0
  for (const value of body)
    bytes += chunkBytes(checkedChunk(value, 'the app returned an array with'))
  return bytes
}

function isIterable(value: unknown): value is AppBody {
  if (typeof value !== 'object' || value === null) return false
  return typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === 'function'
}

function remedyFor(value: unknown): string {
  if (typeof value === 'string') return 'return [text], or it would be sent character by character'
  if (ArrayBuffer.isView(value)) return 'return [bytes], or it would be iterated number by number'
  if (isThenable(value) || isAsyncIterable(value)) {
    return 'an app that awaits is an async-iterable app: mark it as iterable(app)'
  }
  if (isResponse(value)) return 'an app that returns a Response is a fetch app: use fromFetch(app)'
  if (value === null || value === undefined) {
    return 'return an iterable of strings or bytes, at least an empty array'
  }
  return 'return an iterable of strings or bytes; for data, return [JSON.stringify(data)]'
}

// Packages bring a Response of their own, with another name.
function isResponse(value: unknown): boolean {
  return typeof (value as { arrayBuffer?: unknown } | null | undefined)?.arrayBuffer === 'function'
}

function isAsyncIterable(value: unknown): boolean {
  const candidate = value as { [Symbol.asyncIterator]?: unknown } | null | undefined
  return typeof candidate?.[Symbol.asyncIterator] === 'function'
}
