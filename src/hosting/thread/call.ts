// A call from blocking code to an app on the event loop of the gateway: the thread waits while the loop works.

import { ClientDisconnectedError } from '../../errors.ts'
import { processWide } from '../../bridge/process-wide.ts'
import { carriedValues } from '../../bridge/request-context.ts'
import { hasBody } from '../../http/content.ts'
import { environToScope } from '../../bridge/environ-to-scope.ts'
import { fromErrorData, toErrorData } from '../protocol/error-data.ts'
import { BODY_WINDOW_BYTES, RESPONSE_WINDOW_BYTES } from '../protocol/flow-windows.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import { scopeData } from '../protocol/scope-data.ts'
import type { Environ, InputStream } from '../../contract/environ.ts'
import type { Caller, OpenCall } from './call-stack.ts'
import type { AnswerMessage, CalledApp, CallMessage, PartMessage } from '../protocol/messages.ts'

// Bytes of an answer that may wait here while a nested request runs inside the call.
const MAX_LENT_BYTES = 16 * 1024 * 1024
// Unique within the thread, also if two copies of the package call.
const ids = processWide('call-ids.1', () => ({ last: 0 }))

/** One call. Its opener closes it. */
export class ThreadCall implements OpenCall {
  readonly id: number
  readonly #app: CalledApp
  readonly #caller: Caller
  readonly #input: InputStream
  #parts: PartMessage[] = []
  // The place of the next part: shift() on a long array moves all parts after it.
  #nextPart = 0
  #heldBytes = 0
  #lentBytes = 0
  #wantedBytes = 0
  #isPassing = false
  #isBodySent = false
  #isWhole = false
  #isDone = false
  #failure: Error | undefined

  constructor(app: CalledApp, environ: Environ, caller: Caller) {
    this.id = ids.last += 1
    this.#app = app
    this.#caller = caller
    this.#input = environ['wsgi.input']
    const scope = environToScope(environ)
    this.#post({
      type: 'request',
      id: this.id,
      scope: scopeData(scope),
      // Middleware may have replaced the input by one with bytes that the head does not announce.
      hasBody: hasBody(scope) || this.#input !== caller.input,
      responseWindow: RESPONSE_WINDOW_BYTES,
      carried: carriedValues(caller.carried),
    })
    caller.calls.set(this.id, this)
  }

  take({ message }: AnswerMessage): void {
    switch (message.type) {
      case 'want':
        this.#wantedBytes += message.bytes
        return
      case 'part':
        this.#heldBytes += message.chunk?.length ?? 0
        this.#parts.push(message)
        return
      case 'failure':
        this.#failure ??= fromErrorData(message.error)
        return
      case 'done':
        this.#isDone = true
    }
  }

  /** Blocks until the next part has arrived; null after the last one. */
  next(): PartMessage | null {
    for (;;) {
      const part = this.#parts[this.#nextPart]
      if (part) return this.#taken(part)
      if (this.#failure) throw this.#failure
      if (this.#isWhole || this.#isDone) return null
      this.#caller.refuseCancelled()
      this.#caller.wires.block()
    }
  }

  /** Stops the app unless it is done, and waits until it has cleaned up. The gateway limits that time. */
  close(): void {
    if (!this.#isWhole && !this.#isDone) {
      this.abandon()
      while (!this.#isDone) this.#caller.wires.block()
    }
    this.#caller.calls.delete(this.id)
  }

  abandon(): void {
    if (this.#isWhole || this.#isDone) return
    this.#post({ type: 'cancel', id: this.id, error: toErrorData(new ClientDisconnectedError()) })
  }

  // This does not wait for bytes of the body: a part of the answer may come first.
  passBody(): boolean {
    if (this.#isPassing || this.#wantedBytes <= 0 || this.#isBodySent) return false
    this.#isPassing = true
    try {
      return this.#passChunk()
    } catch (error) {
      this.#isBodySent = true
      this.#failure ??= error as Error
      this.abandon()
      return true
    } finally {
      this.#isPassing = false
    }
  }

  makeRoom(): boolean {
    if (this.#heldBytes <= RESPONSE_WINDOW_BYTES + this.#lentBytes) return true
    const bytes = MAX_LENT_BYTES - this.#lentBytes
    if (bytes <= 0) return false
    this.#lentBytes += bytes
    this.#post({ type: 'credit', id: this.id, bytes })
    return true
  }

  #taken(part: PartMessage): PartMessage {
    this.#nextPart += 1
    if (this.#nextPart === this.#parts.length) {
      this.#parts = []
      this.#nextPart = 0
    }
    this.#isWhole = part.end
    const bytes = part.chunk?.length ?? 0
    this.#heldBytes -= bytes
    const returned = Math.min(this.#lentBytes, bytes)
    this.#lentBytes -= returned
    if (bytes > returned && !part.end) {
      this.#post({ type: 'credit', id: this.id, bytes: bytes - returned })
    }
    return part
  }

  // Returns false if no byte is there yet.
  #passChunk(): boolean {
    const { input, body } = this.#caller
    const isOwn = this.#input === input
    if (isOwn && !input.buffered && !body.askForMore()) return false

    const chunk = isOwn ? input.read1(BODY_WINDOW_BYTES) : this.#input.read(BODY_WINDOW_BYTES)
    this.#wantedBytes -= chunk.length
    this.#isBodySent = chunk.length === 0
    this.#post({ type: 'body', id: this.id, chunk: ownBytes(chunk), last: this.#isBodySent })
    return true
  }

  #post(message: CallMessage['message']): void {
    const { id, wires } = this.#caller
    wires.link.post({ type: 'call', id, app: this.#app, message })
    wires.link.flush()
  }
}
