// The value that a sync or async-iterable app returned, under lint.

import { arrayBytes, checkedBody } from '../../sync/app-body.ts'
import { describe } from '../../sync/chunk.ts'
import { asBreach, breach } from '../breach.ts'
import type { Chunk } from '../../contract/environ.ts'
import type { AppBody } from '../../sync/app-body.ts'
import type { Party } from '../breach.ts'
import type { OpenBodies } from '../open-bodies.ts'
import type { LintedResponse } from './response.ts'

const CALL = 'PEP 3333 (The Application/Framework Side)'
const BODY = 'PEP 3333 (Buffering and Streaming)'

interface Closable {
  close(): unknown
}

/** Returns `value` if it is a body, with a close() that is a function or absent. */
export function checkedReturn(value: unknown, party: Party): AppBody {
  const body = asBreach(party, CALL, () => checkedBody(value))
  checkClose(body, party)
  return body
}

/** Throws if `body` has a `close` that cannot be called. */
export function checkClose(body: { close?: unknown }, party: Party): void {
  const { close } = body
  if (close === undefined || typeof close === 'function') return
  const fact = `close of the body is ${describe(close)}`
  throw breach(party, CALL, fact, 'it is a function, or left out')
}

/** Checks the chunks of an Array body. The server adds up their lengths, so lint returns an Array too. */
export function checkedArray(
  body: AppBody & unknown[],
  response: LintedResponse,
  party: Party,
  open: OpenBodies,
): Chunk[] {
  asBreach(party, CALL, () => arrayBytes(body))
  for (const chunk of body) response.admit(chunk)
  response.finish()
  if (body.close === undefined) return body as Chunk[]
  // The app may return the same Array again, so its copy gets the watched close().
  const copy = Object.assign([...(body as Chunk[])], { close: () => body.close?.() })
  return watchClose(copy, open)
}

/** Counts `body` as open until its close() is called, and returns it: the server knows its own files by identity. */
export function watchClose<Body extends Closable>(body: Body, open: OpenBodies): Body {
  open.add(body)
  return onClose(body, () => open.delete(body))
}

/** Calls `closed` after the first close() of `body`, and returns `body`. */
export function onClose<Body extends Closable>(body: Body, closed: () => void): Body {
  const close = body.close.bind(body)
  let isOpen = true
  const value = (): unknown => {
    try {
      return close()
    } finally {
      if (isOpen) {
        isOpen = false
        closed()
      }
    }
  }
  return Object.defineProperty(body, 'close', { configurable: true, value })
}

/** Returns the iterator of a body if it is one. */
export function checkedIterator<Kind extends { next: unknown }>(
  iterator: Kind,
  party: Party,
): Kind {
  if (typeof (iterator as Kind | null | undefined)?.next === 'function') return iterator
  const fact = `the iterator of the body is ${describe(iterator)}`
  throw breach(party, BODY, fact, 'it has a method next()')
}

/** Returns the result of `next()` if it is one. */
export function checkedResult<Result extends object>(result: Result, party: Party): Result {
  if (typeof result === 'object' && result !== null) return result
  const fact = `next() of the body gave ${describe(result)}`
  throw breach(party, BODY, fact, 'it gives { done, value }')
}
