// One HTTP exchange of a handler of the Fetch API: Request in, Response out.

import { withoutHostFields } from '../../bridge/host-fields.ts'
import { ConnectionCutError, UnsupportedScopeError } from '../../errors.ts'
import { deferred } from '../../waiting/deferred.ts'
import type { ResponseHead } from '../../async/framing.ts'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { HttpEvents, HttpTransport } from '../engine.ts'

/** Moves bytes between an exchange and the objects of the Fetch API. */
export class FetchTransport implements HttpTransport {
  /** The receiver of the reports. The owner sets it before the next turn of the event loop, when reports begin. */
  events: HttpEvents | undefined
  readonly #signal: AbortSignal
  readonly #body: ReadableStream<Uint8Array> | null
  readonly #onClose: () => void
  readonly #response = deferred<Response>()
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #isReading = false
  #isPaused = false
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #isWanted = false
  #isOver = false
  #failure: { error: unknown } | undefined

  /** @param onClose called when the response is whole or has failed */
  constructor(signal: AbortSignal, body: ReadableStream<Uint8Array> | null, onClose: () => void) {
    this.#signal = signal
    this.#body = body
    this.#onClose = onClose
    signal.addEventListener('abort', this)
  }

  /** Resolves with the head. Rejects if the response fails before its head. */
  get response(): Promise<Response> {
    return this.#response.promise
  }

  /** The listener of the signal: the client has left. */
  handleEvent(): void {
    this.#lost(this.#signal.reason)
  }

  /** The promise of the handler rejects with `error`, in place of the answer. A scope that the app does not serve is a 404. */
  failed(error: unknown): boolean {
    if (!(error instanceof UnsupportedScopeError)) this.#failure = { error }
    return false
  }

  // A Response has no interim responses.
  continue(): void {}
  earlyHint(): void {}

  resume(): void {
    this.#isPaused = false
    if (this.#isReading) return
    this.#isReading = true
    this.#read().catch((error: unknown) => this.#lost(error))
  }

  pause(): void {
    this.#isPaused = true
  }

  write(part: ResponsePart): boolean {
    if (this.#isOver) return true
    const { head, chunk, end } = part
    if (head !== null) this.#begin(head, part)
    else if (chunk !== null) this.#enqueue(chunk)
    if (!end) return this.#isWanted || this.#controller === undefined
    this.#controller?.close()
    this.#close()
    return true
  }

  destroy(): void {
    this.#fail(new ConnectionCutError('the response broke off'))
  }

  #begin(head: ResponseHead, part: ResponsePart): void {
    if (this.#failure !== undefined) return this.#fail(this.#failure.error)
    const { status } = head
    try {
      const init = { status, headers: withoutHostFields(head.headers) }
      this.#response.resolve(new Response(this.#bodyFor(status, part), init))
    } catch (error) {
      // A Response has a status from 200 to 599.
      this.#fail(error)
      throw error
    }
    if (!part.end && part.chunk !== null) this.#enqueue(part.chunk)
  }

  #bodyFor(status: number, { chunk, end }: ResponsePart): Body {
    if (NULL_BODY.has(status)) return null
    if (!end) return this.#stream()
    return chunk === null ? null : bytesOf(chunk)
  }

  // Without a buffer: the app makes the next part when the reader asks for it.
  #stream(): ReadableStream<Uint8Array> {
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      this.#controller = controller
    }
    const pull = (): void => {
      this.#isWanted = true
      this.events?.onDrain()
    }
    const cancel = (reason: unknown): void => this.#lost(reason)
    return new ReadableStream({ start, pull, cancel }, { highWaterMark: 0 })
  }

  #enqueue(chunk: Uint8Array | string): void {
    this.#isWanted = false
    this.#controller?.enqueue(bytesOf(chunk))
  }

  async #read(): Promise<void> {
    this.#reader ??= this.#body?.getReader()
    while (!this.#isPaused) {
      const part = await this.#reader?.read()
      if (!part || part.done) return this.events?.onBodyEnd()
      this.events?.onBody(checkedBytes(part.value))
    }
    this.#isReading = false
  }

  #lost(reason: unknown): void {
    this.#fail(reason)
    this.events?.onDisconnect()
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#response.reject(error)
    this.#controller?.error(error)
    this.#close()
  }

  #close(): void {
    this.#isOver = true
    this.#signal.removeEventListener('abort', this)
    this.#reader?.cancel().catch(ignore)
    this.#onClose()
  }
}

type Body = ConstructorParameters<typeof Response>[0]

// Fetch, 2.2.3: a Response with one of these has no body.
const NULL_BODY = new Set([204, 205, 304])
const encoder = new TextEncoder()

// A copy in memory of its own: the app may change its bytes, and the reader may take the memory away. A text would add a
// Content-Type.
function bytesOf(chunk: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return typeof chunk === 'string' ? encoder.encode(chunk) : new Uint8Array(chunk)
}

function checkedBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  throw new TypeError('the body of a Request is a stream of Uint8Array')
}

function ignore(): void {}
