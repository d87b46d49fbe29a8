// A Response of the Fetch API as events.

import { setImmediate as turn } from 'node:timers/promises'
import { AppError } from '../../errors.ts'
import { harmless } from '../../waiting/deferred.ts'
import { LightResponse } from './response.ts'
import type { HeaderPairs, HttpResponseStartEvent, HttpScope, Send } from '../../contract/events.ts'

/** Sends `response`. The body is read as fast as the client takes it. */
export async function respond(response: Response, scope: HttpScope, send: Send): Promise<void> {
  const parts = LightResponse.partsOf(response)
  if (!parts) return respondNative(response, scope, send)
  const { status, headers, body } = parts
  await send({ type: 'http.response.start', status, headers })
  return send({ type: 'http.response.body', body })
}

async function respondNative(response: Response, scope: HttpScope, send: Send): Promise<void> {
  const { status, body } = response
  // The iteration gives each Set-Cookie by itself (Fetch, 5.1).
  const headers: HeaderPairs = [...response.headers]
  const start: HttpResponseStartEvent = { type: 'http.response.start', status, headers }
  if (body !== null && scope.method !== 'HEAD') return stream(body.getReader(), start, scope, send)
  await send(start)
  await body?.cancel()
  return send({ type: 'http.response.body' })
}

/** Whether `value` is a `Response`, of Node or of a package with a class of its own, as undici and ponyfills have. */
export function isResponse(value: unknown): value is Response {
  if (value instanceof Response) return true
  if (typeof value !== 'object' || value === null) return false
  const { status, headers, body } = value as { [Part in keyof Response]?: unknown }
  if (typeof status !== 'number' || !isIterable(headers)) return false
  return (
    body === null || typeof (body as Partial<ReadableStream> | undefined)?.getReader === 'function'
  )
}

function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

async function stream(
  reader: Reader,
  start: HttpResponseStartEvent,
  scope: HttpScope,
  send: Send,
): Promise<void> {
  // A stream that waits for its source is told when its client has left.
  scope['isthmus.exchange']?.onDisconnect(() => void reader.cancel().catch(ignore))
  try {
    await pipe(reader, start, send)
  } catch (error) {
    reader.cancel(error).catch(ignore)
    throw error
  }
}

async function pipe(reader: Reader, start: HttpResponseStartEvent, send: Send): Promise<void> {
  const first = harmless(reader.read())
  // A stream that fails at once throws here: the client gets 500.
  const isWaiting = (await Promise.race([first, turn()])) === undefined
  await send(start)
  // A stream of events may wait for its first: its client learns of the response before it.
  if (isWaiting) await send(HEAD_ONLY)
  let part = await first
  while (!part.done) {
    // Its failure is seen below.
    const next = harmless(reader.read())
    const body = bytesOf(part.value)
    // A body whose end has arrived already leaves whole, with its length.
    const isWhole = (await Promise.race([next, soon()]))?.done === true
    await send({ type: 'http.response.body', body, moreBody: !isWhole })
    if (isWhole) return
    part = await next
  }
  await send({ type: 'http.response.body' })
}

const HEAD_ONLY = { type: 'http.response.body', body: '', moreBody: true } as const

const RESOLVED = Promise.resolve()

// A stream whose end is there says so within four turns of the microtask queue.
async function soon(): Promise<undefined> {
  for (let turn = 0; turn < 4; turn += 1) await RESOLVED
  return undefined
}

// `Readable.toWeb()` of a stream with an encoding makes strings, and other servers send them.
function bytesOf(chunk: unknown): string | Uint8Array {
  if (chunk instanceof Uint8Array || typeof chunk === 'string') return chunk
  throw new AppError(
    `the body of a Response is a stream of Uint8Array or strings, got a chunk of type ${typeof chunk}`,
  )
}

function ignore(): void {}
