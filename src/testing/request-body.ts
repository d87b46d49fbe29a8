// The body of a test's request: its bytes, its content type, and its chunks.

import { InvalidOptionError } from '../errors.ts'
import type { BodySource } from './request-feed.ts'

/** The bodies that a test may send. Strings are sent as UTF-8. */
export type TestBody = string | Uint8Array | URLSearchParams | IteratedBody

type IteratedBody = Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>

/** When the client leaves on purpose: at once, or after bytes of its body, or after bytes of the response. */
export type Departure = 'at-once' | { sentBytes: number } | { receivedBytes: number }

/** Returns the bytes of a whole body; undefined for an iterated body, and for none. */
export function wholeBody(body: TestBody | undefined): Uint8Array | undefined {
  if (body instanceof Uint8Array) return body
  if (body instanceof URLSearchParams || typeof body === 'string') return bytesOf(String(body))
  return undefined
}

/** Returns the content type that `fetch` sends with `body`. */
export function typeOf(body: TestBody | undefined): string | undefined {
  if (typeof body === 'string') return 'text/plain;charset=UTF-8'
  if (body instanceof URLSearchParams) return 'application/x-www-form-urlencoded;charset=UTF-8'
  return undefined
}

/**
 * Returns the chunks of `body`.
 *
 * @param split one size for all chunks, or a list of sizes after which the rest is one chunk; only for a whole body
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an impossible `split`
 */
export function bodySource(
  body: TestBody | undefined,
  split: number | readonly number[] | undefined,
): BodySource {
  const whole = wholeBody(body)
  if (split !== undefined) return pieces(whole, split)
  if (whole) return [whole]
  return body === undefined ? [] : encoded(body as IteratedBody)
}

function pieces(whole: Uint8Array | undefined, split: number | readonly number[]): Uint8Array[] {
  if (!whole)
    throw new InvalidOptionError(
      '"split" cuts a body that is whole; an iterable has its own chunks',
    )
  const sizes = typeof split === 'number' ? [] : [...split]
  const usual = typeof split === 'number' ? split : Infinity
  if (![...sizes, usual].every((size) => size >= 1)) {
    throw new InvalidOptionError('the sizes of "split" must be at least 1')
  }

  const chunks: Uint8Array[] = []
  for (let at = 0; at < whole.byteLength; at += chunks.at(-1)?.byteLength ?? 0) {
    chunks.push(whole.subarray(at, at + (sizes.shift() ?? usual)))
  }
  return chunks
}

async function* encoded(body: IteratedBody): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of body) yield typeof chunk === 'string' ? bytesOf(chunk) : chunk
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
