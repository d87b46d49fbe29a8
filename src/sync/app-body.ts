// What an app may return, and the names of what it returns by mistake.

import { AppError } from '../errors.ts'
import { checkedChunk, chunkBytes, describe, isThenable } from './chunk.ts'

/** A body as an app returned it: its chunks are still to be checked. */
export interface AppBody extends Iterable<unknown> {
  close?(): unknown
}

/**
 * `value`, if a sync app may return it.
 *
 * @throws AppError (`ISTHMUS_APP_FAULT`) that names the mistake and the way out; a bare string or bare
 *   bytes are iterable too, but by characters and by numbers
 */
export function checkedBody(value: unknown): AppBody {
  if (Array.isArray(value)) return value
  if (isIterable(value) && !ArrayBuffer.isView(value)) return value

  // The app's promise is refused here: its rejection must not end the process on top.
  if (isThenable(value)) void Promise.resolve(value).catch(() => {})
  throw new AppError(`the app returned ${describe(value)}; ${remedyFor(value)}`)
}

/**
 * How many bytes the chunks of an Array body are together.
 *
 * @throws AppError (`ISTHMUS_APP_FAULT`) for an element that is no chunk, while an error page can still be
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
  return 'return an iterable of chunks, at least an empty array'
}

function isAsyncIterable(value: unknown): boolean {
  const candidate = value as { [Symbol.asyncIterator]?: unknown } | null | undefined
  return typeof candidate?.[Symbol.asyncIterator] === 'function'
}
