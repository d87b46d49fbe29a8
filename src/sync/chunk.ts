// The chunks of a body: bytes, or a string that is sent as UTF-8.

import { Buffer } from 'node:buffer'
import { isUint8Array } from 'node:util/types'
import { AppError } from '../errors.ts'
import type { Chunk } from '../contract/environ.ts'

/** The length of `chunk` on the wire, in bytes. A lone surrogate counts as U+FFFD, which is sent in its place. */
export function chunkBytes(chunk: Chunk): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length
}

/** A copy of the bytes of `chunk`. */
export function copyOf(chunk: Chunk): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk)
}

/** The first `bytes` bytes of `chunk`. */
export function cutTo(chunk: Chunk, bytes: number): Uint8Array {
  return (typeof chunk === 'string' ? Buffer.from(chunk) : chunk).subarray(0, bytes)
}

/**
 * Returns `value` if it is a chunk.
 *
 * @param origin the beginning of the error message: `'the app yielded'`
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) that names the type of the value (PEP 3333, "Unicode Issues")
 */
export function checkedChunk(value: unknown, origin: string): Chunk {
  if (typeof value === 'string' || isUint8Array(value)) return value
  throw new AppError(`${origin} ${describe(value)}; ${remedyFor(value)}`)
}

function remedyFor(value: unknown): string {
  if (isThenable(value)) return 'await it, in an app marked as iterable(app)'
  const rule = 'a body is made of strings and Uint8Arrays'
  if (value === null || value === undefined) return rule
  return `${rule}; JSON.stringify(data) makes a string of data`
}

/** The type of `value` for an error message: `'a number'`, `'a Promise'`, `'undefined'`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value !== 'object') return withArticle(typeof value)
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? withArticle(name) : 'an object'
}

/** Whether `value` is a promise, or has a `then` method. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

function withArticle(noun: string): string {
  return `${/^[aeio]/i.test(noun) ? 'an' : 'a'} ${noun}`
}
